//! Values without Arrow, into arrays and back out of them: what is compared must not be what some `==` of a library takes
//! for equal. Floats are their bits here, and a text is the same in whichever of its three arrays it lies.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryViewArray, BooleanArray, NullArray, StringViewArray, make_array};
use arrow_data::{ArrayData, ArrayDataBuilder};
use arrow_schema::{DataType, FieldRef};
use std::fmt;
use std::sync::Arc;

/// A value.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    /// Its bytes, as Arrow has them; a bool is one byte.
    Bytes(Vec<u8>),
    /// Items of a list, or values of a struct.
    Many(Vec<Cell>),
}

/// On one line: a table that fails is to be read by people.
impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bytes(bytes) => write!(f, "{}", bytes.escape_ascii()),
            Self::Many(cells) => {
                let texts: Vec<String> = cells.iter().map(|cell| format!("{cell:?}")).collect();
                write!(f, "[{}]", texts.join(", "))
            }
        }
    }
}

/// Bytes of a value in arrays in which all take equally many.
pub(super) fn width(data_type: &DataType) -> Option<usize> {
    match data_type {
        DataType::FixedSizeBinary(size) => usize::try_from(*size).ok(),
        _ => data_type.primitive_width(),
    }
}

/// A value that is there, for places under a NULL: what lies there must make no difference.
pub(super) fn hidden(data_type: &DataType) -> Cell {
    match data_type {
        DataType::Null => Cell::Null,
        DataType::Boolean => Cell::Bytes(vec![1]),
        DataType::Struct(fields) => Cell::Many(fields.iter().map(|field| hidden(field.data_type())).collect()),
        DataType::FixedSizeList(item, size) => {
            Cell::Many(vec![hidden(item.data_type()); usize::try_from(*size).unwrap()])
        }
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) | DataType::LargeListView(item) => {
            Cell::Many(vec![hidden(item.data_type()); 2])
        }
        DataType::Dictionary(_, values) => hidden(values),
        _ => Cell::Bytes(vec![b'#'; width(data_type).unwrap_or(3)]),
    }
}

/// The values as an array. Every other NULL has something beneath it.
pub(super) fn array(data_type: &DataType, cells: &[Cell]) -> ArrayRef {
    let something = hidden(data_type);
    let beneath = |at: usize| if at % 2 == 1 { Some(&something) } else { None };
    // What is stored for each value; none for nothing.
    let stored: Vec<Option<&Cell>> =
        cells.iter().enumerate().map(|(at, cell)| if *cell == Cell::Null { beneath(at) } else { Some(cell) }).collect();
    let options = || cells.iter().map(|cell| if let Cell::Bytes(bytes) = cell { Some(bytes.as_slice()) } else { None });
    let builder = with_nulls(data_type, cells);
    let data = match data_type {
        DataType::Null => return Arc::new(NullArray::new(cells.len())),
        DataType::Boolean => {
            return Arc::new(options().map(|value| value.map(|bytes| bytes == [1])).collect::<BooleanArray>());
        }
        DataType::Utf8View => {
            let texts = options().map(|value| value.map(|bytes| std::str::from_utf8(bytes).unwrap()));
            return Arc::new(texts.collect::<StringViewArray>());
        }
        DataType::BinaryView => return Arc::new(options().collect::<BinaryViewArray>()),
        DataType::Utf8 | DataType::Binary => {
            let ends: Vec<i32> = ends(stored.iter().map(|cell| bytes(*cell).len())).collect();
            builder.add_buffer(ends.into()).add_buffer(all_bytes(&stored).into())
        }
        DataType::LargeUtf8 | DataType::LargeBinary => {
            let ends: Vec<i64> = ends(stored.iter().map(|cell| bytes(*cell).len())).collect();
            builder.add_buffer(ends.into()).add_buffer(all_bytes(&stored).into())
        }
        DataType::List(item) => {
            let ends: Vec<i32> = ends(stored.iter().map(|cell| many(*cell).len())).collect();
            builder.add_buffer(ends.into()).add_child_data(items(item, stored.iter().copied()))
        }
        DataType::LargeList(item) => {
            let ends: Vec<i64> = ends(stored.iter().map(|cell| many(*cell).len())).collect();
            builder.add_buffer(ends.into()).add_child_data(items(item, stored.iter().copied()))
        }
        DataType::ListView(item) => {
            let sizes: Vec<i32> = stored.iter().map(|cell| i32::try_from(many(*cell).len()).unwrap()).collect();
            let offsets: Vec<i32> = backwards(&stored);
            builder
                .add_buffer(offsets.into())
                .add_buffer(sizes.into())
                .add_child_data(items(item, stored.iter().rev().copied()))
        }
        DataType::LargeListView(item) => {
            let sizes: Vec<i64> = stored.iter().map(|cell| i64::try_from(many(*cell).len()).unwrap()).collect();
            let offsets: Vec<i64> = backwards(&stored);
            builder
                .add_buffer(offsets.into())
                .add_buffer(sizes.into())
                .add_child_data(items(item, stored.iter().rev().copied()))
        }
        DataType::FixedSizeList(item, _) => {
            builder.add_child_data(items(item, stored.iter().map(|cell| cell.or(Some(&something)))))
        }
        DataType::Struct(fields) => {
            let column = |(at, field): (usize, &FieldRef)| {
                // Without something beneath it, a NULL hides NULLs where the field lets it.
                let empty = if field.is_nullable() { Cell::Null } else { hidden(field.data_type()) };
                let values: Vec<Cell> =
                    stored.iter().map(|cell| many(*cell).get(at).cloned().unwrap_or_else(|| empty.clone())).collect();
                array(field.data_type(), &values).to_data()
            };
            builder.child_data(fields.iter().enumerate().map(column).collect())
        }
        DataType::Dictionary(keys, values) => {
            let mut words: Vec<Cell> = Vec::new();
            let mut key_of = |cell: &Cell| {
                words.iter().position(|word| word == cell).unwrap_or_else(|| {
                    words.push(cell.clone());
                    words.len() - 1
                })
            };
            let keyed: Vec<usize> = stored.iter().map(|cell| cell.map_or(0, &mut key_of)).collect();
            // A word that no row has, and a key 0 for rows that have none.
            words.push(something.clone());
            let width = keys.primitive_width().unwrap();
            let keys: Vec<u8> = keyed.iter().flat_map(|key| key.to_le_bytes().into_iter().take(width)).collect();
            builder.add_buffer(keys.into()).add_child_data(array(values, &words).to_data())
        }
        _ => {
            let width = width(data_type).unwrap_or_else(|| panic!("{data_type} is not made here"));
            let zeros = vec![0; width];
            let all: Vec<u8> = stored
                .iter()
                .flat_map(|cell| cell.map_or(zeros.as_slice(), |cell| bytes(Some(cell))))
                .copied()
                .collect();
            builder.add_buffer(all.into())
        }
    };
    make_array(data.build().unwrap())
}

fn with_nulls(data_type: &DataType, cells: &[Cell]) -> ArrayDataBuilder {
    let is_there: Vec<bool> = cells.iter().map(|cell| *cell != Cell::Null).collect();
    let nulls = is_there.contains(&false).then(|| is_there.into());
    ArrayData::builder(data_type.clone()).len(cells.len()).nulls(nulls).align_buffers(true)
}

fn bytes(cell: Option<&Cell>) -> &[u8] {
    if let Some(Cell::Bytes(bytes)) = cell { bytes } else { &[] }
}

fn many(cell: Option<&Cell>) -> &[Cell] {
    if let Some(Cell::Many(cells)) = cell { cells } else { &[] }
}

fn all_bytes(stored: &[Option<&Cell>]) -> Vec<u8> {
    stored.iter().flat_map(|cell| bytes(*cell)).copied().collect()
}

fn items<'a>(item: &FieldRef, lists: impl Iterator<Item = Option<&'a Cell>>) -> ArrayData {
    let all: Vec<Cell> = lists.flat_map(many).cloned().collect();
    array(item.data_type(), &all).to_data()
}

/// Where each begins, and where the last ends.
fn ends<N: TryFrom<usize, Error: std::fmt::Debug>>(lengths: impl Iterator<Item = usize>) -> impl Iterator<Item = N> {
    let mut end = 0;
    let ends = lengths.map(move |length| {
        end += length;
        end
    });
    std::iter::once(0).chain(ends).map(|end| N::try_from(end).unwrap())
}

/// Where each list begins, if the last list lies first: views may lie in any order.
fn backwards<N: TryFrom<usize, Error: std::fmt::Debug>>(lists: &[Option<&Cell>]) -> Vec<N> {
    let mut starts: Vec<N> = ends(lists.iter().rev().map(|cell| many(*cell).len())).take(lists.len()).collect();
    starts.reverse();
    starts
}

/// The values of an array.
pub(super) fn cells(array: &dyn Array) -> Vec<Cell> {
    (0..array.len()).map(|row| if array.is_null(row) { Cell::Null } else { cell(array, row) }).collect()
}

fn cell(array: &dyn Array, row: usize) -> Cell {
    let bytes = |bytes: &[u8]| Cell::Bytes(bytes.to_vec());
    match array.data_type() {
        DataType::Null => Cell::Null,
        DataType::Boolean => bytes(&[u8::from(array.as_boolean().value(row))]),
        DataType::Utf8 => bytes(array.as_string::<i32>().value(row).as_bytes()),
        DataType::LargeUtf8 => bytes(array.as_string::<i64>().value(row).as_bytes()),
        DataType::Utf8View => bytes(array.as_string_view().value(row).as_bytes()),
        DataType::Binary => bytes(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => bytes(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => bytes(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => bytes(array.as_fixed_size_binary().value(row)),
        DataType::List(_) => Cell::Many(cells(&array.as_list::<i32>().value(row))),
        DataType::LargeList(_) => Cell::Many(cells(&array.as_list::<i64>().value(row))),
        DataType::ListView(_) => Cell::Many(cells(&array.as_list_view::<i32>().value(row))),
        DataType::LargeListView(_) => Cell::Many(cells(&array.as_list_view::<i64>().value(row))),
        DataType::FixedSizeList(..) => Cell::Many(cells(&array.as_fixed_size_list().value(row))),
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter();
            Cell::Many(columns.map(|column| cells(&column.slice(row, 1)).remove(0)).collect())
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let key = dictionary.normalized_keys()[row];
            cells(&dictionary.values().slice(key, 1)).remove(0)
        }
        other => {
            let width = other.primitive_width().unwrap_or_else(|| panic!("{other} is not read here"));
            let data = array.to_data();
            let start = (data.offset() + row) * width;
            bytes(&data.buffers()[0].as_slice()[start..start + width])
        }
    }
}
