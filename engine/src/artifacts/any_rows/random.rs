//! Tables at random: columns of every type that a column may have, and values of the kinds on which something breaks.

use super::cells::{Cell, width};
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt;
use std::sync::Arc;

/// A table, and how it is handed over.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) schema: SchemaRef,
    /// By column.
    pub(super) columns: Vec<Vec<Cell>>,
    pub(super) n_rows: usize,
    /// Rows of each batch; some have none.
    pub(super) batches: Vec<usize>,
    /// Batches are pieces of one array, as they come from who sorts or filters, or arrays of their own.
    pub(super) sliced: bool,
}

/// Column by column, each with its type before its values.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sliced = if self.sliced { "slices" } else { "batches" };
        writeln!(f, "{} rows in {sliced} of {:?}", self.n_rows, self.batches)?;
        self.schema
            .fields()
            .iter()
            .zip(&self.columns)
            .try_for_each(|(field, cells)| writeln!(f, "{field:?}: {cells:?}"))
    }
}

pub(crate) fn table() -> impl Strategy<Value = Table> {
    let shape = (vec(any_type(), 0..5), vec(prop_oneof![1 => Just(0), 4 => 1_usize..9], 0..7), any::<bool>());
    let fields = shape.prop_flat_map(|(types, batches, sliced)| {
        let fields: Vec<_> = types.into_iter().enumerate().map(|(at, data_type)| named(at, data_type)).collect();
        (fields, Just(batches), Just(sliced))
    });
    fields.prop_flat_map(|(fields, batches, sliced)| {
        let n_rows = batches.iter().sum();
        let columns: Vec<_> = fields.iter().map(|field| vec(of_field(field), n_rows)).collect();
        let schema = Schema::new(fields).with_metadata([("made", "here")]);
        (columns, Just(Arc::new(schema))).prop_map(move |(columns, schema)| Table {
            schema,
            columns,
            n_rows,
            batches: batches.clone(),
            sliced,
        })
    })
}

/// A column or a field of a struct: its name stands once, may be odd, and some bring notes of whoever made them.
fn named(at: usize, data_type: DataType) -> BoxedStrategy<Field> {
    let name =
        prop_oneof![Just(String::new()), Just(" a.b\"'`".to_owned()), Just("ünï".to_owned()), Just("list".to_owned())];
    // A column of nothing but NULL cannot promise that there is none.
    let is_null = data_type == DataType::Null;
    let parts = (name, any::<bool>(), any::<bool>());
    let field = parts.prop_map(move |(name, nullable, noted)| {
        let field = Field::new(format!("{name}{at}"), data_type.clone(), nullable || is_null);
        if noted { field.with_metadata([("note", "of the field")]) } else { field }
    });
    field.boxed()
}

/// The types that are columns for the engine: those that `sdk/src/columns/of_arrow.rs` has a word for.
pub(super) fn any_type() -> impl Strategy<Value = DataType> {
    leaf().prop_recursive(3, 8, 3, |inner| {
        // Parquet has a name of its own for items; the one that they came with must come back.
        let name = prop::sample::select(vec!["item", "element", "x"]);
        let item = (inner.clone(), name, any::<bool>()).prop_map(|(data_type, name, nullable)| -> FieldRef {
            let nullable = nullable || data_type == DataType::Null;
            Arc::new(Field::new(name, data_type, nullable))
        });
        let fields = vec(inner, 1..4).prop_flat_map(|types| {
            types.into_iter().enumerate().map(|(at, data_type)| named(at, data_type)).collect::<Vec<_>>()
        });
        prop_oneof![
            2 => item.clone().prop_map(DataType::List),
            2 => item.clone().prop_map(DataType::LargeList),
            1 => item.clone().prop_map(DataType::ListView),
            1 => item.clone().prop_map(DataType::LargeListView),
            2 => (item, 0..4).prop_map(|(item, size)| DataType::FixedSizeList(item, size)),
            4 => fields.prop_map(|fields| DataType::Struct(Fields::from(fields))),
        ]
    })
}

fn leaf() -> impl Strategy<Value = DataType> {
    let numbers = prop::sample::select(vec![
        DataType::Null,
        DataType::Boolean,
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::UInt8,
        DataType::UInt16,
        DataType::UInt32,
        DataType::UInt64,
        DataType::Float32,
        DataType::Float64,
    ]);
    let floats = prop::sample::select(vec![DataType::Float32, DataType::Float64]);
    let texts = || prop::sample::select(vec![DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View]);
    let bytes = prop::sample::select(vec![DataType::Binary, DataType::LargeBinary, DataType::BinaryView]);
    let keys = prop::sample::select(vec![
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::UInt8,
        DataType::UInt16,
        DataType::UInt32,
        DataType::UInt64,
    ]);
    let unit = || {
        let units = [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];
        prop::sample::select(units.to_vec())
    };
    let zone = prop::sample::select(vec![None, Some("UTC"), Some("Europe/Berlin"), Some("+05:30")]);
    prop_oneof![
        8 => numbers,
        2 => floats,
        4 => texts(),
        3 => bytes,
        1 => (1..20).prop_map(DataType::FixedSizeBinary),
        1 => Just(DataType::Date32),
        1 => prop::sample::select(vec![TimeUnit::Microsecond, TimeUnit::Nanosecond]).prop_map(DataType::Time64),
        4 => (unit(), zone).prop_map(|(unit, zone)| DataType::Timestamp(unit, zone.map(Into::into))),
        2 => unit().prop_map(DataType::Duration),
        1 => digits(9).prop_map(|(precision, scale)| DataType::Decimal32(precision, scale)),
        1 => digits(18).prop_map(|(precision, scale)| DataType::Decimal64(precision, scale)),
        3 => digits(38).prop_map(|(precision, scale)| DataType::Decimal128(precision, scale)),
        3 => (keys, texts()).prop_map(|(keys, values)| DataType::Dictionary(Box::new(keys), Box::new(values))),
    ]
}

/// Digits in all, and after the point.
fn digits(most: u8) -> impl Strategy<Value = (u8, i8)> {
    (1..=most).prop_flat_map(|precision| (Just(precision), 0..=precision.cast_signed()))
}

fn of_field(field: &Field) -> BoxedStrategy<Cell> {
    let value = value(field.data_type());
    if field.is_nullable() { prop_oneof![1 => Just(Cell::Null), 2 => value].boxed() } else { value }
}

fn value(data_type: &DataType) -> BoxedStrategy<Cell> {
    match data_type {
        DataType::Null => Just(Cell::Null).boxed(),
        DataType::Boolean => any::<bool>().prop_map(|value| Cell::Bytes(vec![u8::from(value)])).boxed(),
        DataType::Float32 => {
            float([0.0, 1.5, f32::MIN_POSITIVE / 2.0, f32::MAX, f32::INFINITY, f32::NAN], f32::to_bits)
                .prop_map(|bits| Cell::Bytes(bits.to_le_bytes().to_vec()))
                .boxed()
        }
        DataType::Float64 => {
            float([0.0, 1.5, f64::MIN_POSITIVE / 2.0, f64::MAX, f64::INFINITY, f64::NAN], f64::to_bits)
                .prop_map(|bits| Cell::Bytes(bits.to_le_bytes().to_vec()))
                .boxed()
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            // A view holds up to 12 bytes in itself.
            let letters = vec(any::<char>(), 0..20).prop_map(|letters| letters.into_iter().collect::<String>());
            let odd = prop::sample::select(vec!["", "\0", "twelve bytes", "thirteen byte", "NULL", "ﷺ🦀"]);
            let text = prop_oneof![letters, odd.prop_map(str::to_owned)];
            text.prop_map(|text| Cell::Bytes(text.into_bytes())).boxed()
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            vec(any::<u8>(), 0..20).prop_map(Cell::Bytes).boxed()
        }
        // Few words, so that keys of eight bits are enough wherever they lie.
        DataType::Dictionary(..) => prop::sample::select(vec!["", "one", "a word longer than a view"])
            .prop_map(|word| Cell::Bytes(word.as_bytes().to_vec()))
            .boxed(),
        DataType::Decimal32(precision, _) => decimal(*precision, 4),
        DataType::Decimal64(precision, _) => decimal(*precision, 8),
        DataType::Decimal128(precision, _) => decimal(*precision, 16),
        DataType::Time64(unit) => {
            let day: i64 = if *unit == TimeUnit::Nanosecond { 86_400_000_000_000 } else { 86_400_000_000 };
            let time = prop_oneof![4 => 0..day, 1 => Just(0), 1 => Just(day - 1)];
            time.prop_map(|time| Cell::Bytes(time.to_le_bytes().to_vec())).boxed()
        }
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) | DataType::LargeListView(item) => {
            vec(of_field(item), 0..4).prop_map(Cell::Many).boxed()
        }
        DataType::FixedSizeList(item, size) => {
            vec(of_field(item), usize::try_from(*size).unwrap()).prop_map(Cell::Many).boxed()
        }
        DataType::Struct(fields) => {
            fields.iter().map(|field| of_field(field)).collect::<Vec<_>>().prop_map(Cell::Many).boxed()
        }
        other => number(width(other).unwrap_or_else(|| panic!("{other} has no values here"))),
    }
}

/// Any bits, and those in which something is special: zeros, the numbers around it, the ends.
fn number(width: usize) -> BoxedStrategy<Cell> {
    let mut least = vec![0; width];
    let mut most = vec![0xFF; width];
    *least.last_mut().unwrap() = 0x80;
    *most.last_mut().unwrap() = 0x7F;
    let special = prop::sample::select(vec![vec![0; width], vec![0xFF; width], least, most]);
    prop_oneof![2 => vec(any::<u8>(), width), 1 => special].prop_map(Cell::Bytes).boxed()
}

/// The bits of a float: of one of these numbers with either sign, so that there are both zeros, or any bits.
fn float<F, B>(special: [F; 6], bits: fn(F) -> B) -> BoxedStrategy<B>
where
    F: Copy + std::fmt::Debug + std::ops::Neg<Output = F> + 'static,
    B: Arbitrary + Copy + 'static,
{
    let special: Vec<B> = special.into_iter().flat_map(|number| [bits(number), bits(-number)]).collect();
    prop_oneof![2 => prop::sample::select(special), 1 => any::<B>()].boxed()
}

fn decimal(precision: u8, width: usize) -> BoxedStrategy<Cell> {
    let most = 10_i128.pow(u32::from(precision)) - 1;
    let number = prop_oneof![3 => -most..=most, 1 => prop::sample::select(vec![0, most, -most])];
    number.prop_map(move |number| Cell::Bytes(number.to_le_bytes()[..width].to_vec())).boxed()
}
