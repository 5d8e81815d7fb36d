//! The SDK's side of the plugin boundary: what [`export_plugin!`](crate::export_plugin) wires a module to.
//!
//! Order: a call comes in by [`entry`], a panic stops at [`guard`], a module lives in [`object`].

// The macro below writes the library's entry point, which the handshake of abi_stable wants as a `no_mangle` static.
pub mod entry;
pub mod guard;
mod object;

pub use pypeline_abi as abi;

/// Makes a library out of modules: `export_plugin!(CsvSource, CsvSink);`, once per crate.
#[macro_export]
macro_rules! export_plugin {
    ($($module:ty),+ $(,)?) => {
        #[doc(hidden)]
        #[allow(unsafe_code, non_upper_case_globals, missing_docs)]
        pub mod pype_plugin {
            use super::*;
            use $crate::boundary::abi;
            use $crate::boundary::entry::{self, Entry, Plugin};

            static PLUGIN: Plugin = Plugin {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
                entries: &[$(Entry::of::<$module>()),+],
            };

            // Read by hosts from the file, before the library is loaded.
            #[used]
            #[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".pype"))]
            #[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__pype"))]
            static META: abi::meta::PluginMeta = abi::meta::PluginMeta::of_sdk($crate::SDK_VERSION);

            extern "C" fn describe() -> abi::AbiResult<abi::RString> {
                entry::describe(&PLUGIN)
            }

            extern "C" fn lower(module: abi::RStr<'_>, request: abi::RStr<'_>) -> abi::AbiResult<abi::RString> {
                entry::lower(&PLUGIN, module.as_str(), request.as_str())
            }

            extern "C" fn create(
                module: abi::RStr<'_>,
                config: abi::RStr<'_>,
                context: abi::context::HostContextArc,
            ) -> abi::AbiResult<abi::module::ModuleBox> {
                entry::create(&PLUGIN, module.as_str(), config.as_str(), context)
            }

            extern "C" fn columns(module: abi::RStr<'_>, request: abi::RStr<'_>) -> abi::AbiResult<abi::RString> {
                entry::columns(&PLUGIN, module.as_str(), request.as_str())
            }

            fn root() -> abi::module::PluginRootRef {
                use abi::prefix_type::PrefixTypeTrait;
                abi::module::PluginRoot { describe, lower, create, columns }.leak_into_prefix()
            }

            extern "C" fn load() -> abi::library::RootModuleResult {
                abi::library::__call_root_module_loader(root)
            }

            // The name under which abi_stable looks for a library's header.
            #[unsafe(no_mangle)]
            pub static _1as_0lib_1header_0root_bmodule_bloader: abi::library::LibHeader = {
                // SAFETY: `load` gives what `root` gives, a `PluginRootRef`.
                unsafe {
                    abi::library::LibHeader::from_constructor::<abi::module::PluginRootRef>(
                        load,
                        abi::library::CheckTypeLayout::Yes,
                    )
                }
            };
        }
    };
}
