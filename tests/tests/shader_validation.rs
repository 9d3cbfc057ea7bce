//! Every file of `shaders/` belongs to a kernel, and every kernel is valid WGSL that any WebGPU adapter takes.
#![cfg(not(target_arch = "wasm32"))]

use maskov_gpu::{Bind, Kernel};
use maskov_kernels::ALL;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, StorageAccess};
use std::path::{Path, PathBuf};

/// WebGPU's defaults, which every conforming adapter has.
const MAX_WORKGROUP_BYTES: u32 = 16 << 10;
const MAX_INVOCATIONS: u32 = 256;
const MAX_STORAGE_BUFFERS: usize = 8;

#[test]
fn every_kernel_is_valid_and_bound_as_declared() {
    assert!(!ALL.is_empty());
    for kernel in ALL {
        if let Err(fault) = fault_of(kernel) {
            panic!("{}: {fault}", kernel.name);
        }
    }
}

#[test]
fn every_shader_file_belongs_to_a_kernel() {
    let shaders = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shaders");
    for file in wgsl_files(&shaders) {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let kernel = ALL.iter().find(|kernel| kernel.name == stem);
        assert!(
            kernel.is_some_and(|kernel| kernel.wgsl.contains(&read(&file))),
            "shaders/{stem}.wgsl is no kernel's: add crates/kernels/src/{stem}.rs and its line in kernels::ALL"
        );
    }
    for file in wgsl_files(&shaders.join("common")) {
        let text = read(&file);
        assert!(ALL.iter().any(|kernel| kernel.wgsl.contains(&text)), "no kernel uses {}", file.display());
    }
    for kernel in ALL {
        assert!(
            shaders.join(format!("{}.wgsl", kernel.name)).is_file(),
            "{} has no file of its name",
            kernel.name
        );
    }
}

#[test]
fn every_array_binding_says_its_shape() {
    let shaders = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shaders");
    for file in wgsl_files(&shaders).into_iter().chain(wgsl_files(&shaders.join("common"))) {
        for line in read(&file).lines().filter(|line| line.contains("@binding(") && line.contains("array<")) {
            assert!(line.contains("// ["), "{}: end this line with its shape: {line}", file.display());
        }
    }
}

/// The first thing that is wrong with a kernel.
fn fault_of(kernel: &Kernel) -> Result<(), String> {
    let module = naga::front::wgsl::parse_str(kernel.wgsl).map_err(|e| e.emit_to_string(kernel.wgsl))?;
    // Beyond `unpack2x16float` and its like, no capability: subgroups and 64-bit integers are not there in every browser.
    // A file that asks for f16 arithmetic is the second one of its kernel.
    let mut capabilities = Capabilities::SHADER_FLOAT16_IN_FLOAT32;
    capabilities.set(Capabilities::SHADER_FLOAT16, kernel.wgsl.contains("enable f16;"));
    let info = Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .map_err(|e| e.emit_to_string(kernel.wgsl))?;
    let (module, _) =
        naga::back::pipeline_constants::process_overrides(&module, &info, None, &Default::default())
            .map_err(|e| {
                format!("give every override a default, so that the file is valid as it stands: {e}")
            })?;
    let [entry] = module.entry_points.as_slice() else {
        return Err("a file has one entry point".into());
    };
    if entry.name != "main" || entry.workgroup_size != kernel.workgroup {
        let (name, size) = (&entry.name, entry.workgroup_size);
        return Err(format!(
            "entry point {name} of {size:?}, but main of {:?} is declared",
            kernel.workgroup
        ));
    }
    if entry.workgroup_size.iter().product::<u32>() > MAX_INVOCATIONS {
        return Err(format!("more than {MAX_INVOCATIONS} invocations"));
    }
    let found = binds(&module)?;
    if found != kernel.binds {
        return Err(format!("binds {found:?}, but {:?} are declared", kernel.binds));
    }
    if found.iter().filter(|bind| **bind != Bind::Uniform).count() > MAX_STORAGE_BUFFERS {
        return Err(format!("more than {MAX_STORAGE_BUFFERS} storage buffers"));
    }
    match workgroup_bytes(&module) {
        bytes if bytes > MAX_WORKGROUP_BYTES => Err(format!("{bytes} bytes of workgroup memory")),
        _ => Ok(()),
    }
}

/// What is bound in group 0, which must be numbered from 0 without a gap.
fn binds(module: &naga::Module) -> Result<Vec<Bind>, String> {
    let mut found = Vec::new();
    for (_, variable) in module.global_variables.iter() {
        let Some(binding) = variable.binding else { continue };
        let bind = match variable.space {
            AddressSpace::Uniform => Bind::Uniform,
            AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => Bind::ReadWrite,
            AddressSpace::Storage { .. } => Bind::Read,
            other => return Err(format!("binding {} lies in {other:?}", binding.binding)),
        };
        found.push((binding.group, binding.binding, bind));
    }
    found.sort_by_key(|(group, binding, _)| (*group, *binding));
    for (i, (group, binding, _)) in found.iter().enumerate() {
        if (*group, *binding) != (0, i as u32) {
            return Err(format!("group {group} binding {binding}, where group 0 binding {i} was due"));
        }
    }
    Ok(found.into_iter().map(|(_, _, bind)| bind).collect())
}

fn workgroup_bytes(module: &naga::Module) -> u32 {
    let shared =
        module.global_variables.iter().filter(|(_, variable)| variable.space == AddressSpace::WorkGroup);
    shared.map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx())).sum()
}

fn wgsl_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "wgsl")).collect()
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// The checks above can fail: each of these kernels has one fault.
mod faults {
    use super::*;

    const SOUND: &str = "@group(0) @binding(0) var<storage, read> x: array<f32>;
        @group(0) @binding(1) var<storage, read_write> y: array<f32>;
        var<workgroup> tile: array<f32, 64>;
        @compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) {
            tile[i] = x[i];
            workgroupBarrier();
            y[i] = tile[63u - i];
        }";
    const BINDS: &[Bind] = &[Bind::Read, Bind::ReadWrite];

    fn fault(wgsl: String, binds: &'static [Bind], workgroup: [u32; 3]) -> Result<(), String> {
        fault_of(&Kernel { name: "sample", wgsl: wgsl.leak(), binds, workgroup })
    }

    fn fault_with(from: &str, to: &str) -> String {
        assert!(SOUND.contains(from), "{from}");
        fault(SOUND.replace(from, to), BINDS, [64, 1, 1]).unwrap_err()
    }

    #[test]
    fn a_sound_kernel_passes() {
        fault(SOUND.into(), BINDS, [64, 1, 1]).unwrap();
    }

    #[test]
    fn invalid_wgsl_is_found() {
        assert!(fault_with("x[i];", "x[i]").contains("expected"));
        assert!(fault_with("x[i];", "1i;").contains("error"));
    }

    #[test]
    fn what_not_every_adapter_has_is_found() {
        fault_with("fn main", "fn half() -> f16 { return 1.0h; } @compute @workgroup_size(64) fn main");
        fault_with("tile[63u - i]", "f32(u64(i))");
        assert!(fault_with("array<f32, 64>", "array<f32, 4097>").contains("16388 bytes"));
        assert!(
            fault(SOUND.replace("size(64)", "size(512)"), BINDS, [512, 1, 1]).unwrap_err().contains("256")
        );
    }

    #[test]
    fn declarations_that_differ_from_the_file_are_found() {
        assert!(fault(SOUND.into(), &[Bind::Read], [64, 1, 1]).unwrap_err().contains("binds"));
        assert!(
            fault(SOUND.into(), &[Bind::ReadWrite, Bind::Read], [64, 1, 1]).unwrap_err().contains("binds")
        );
        assert!(fault(SOUND.into(), BINDS, [8, 8, 1]).unwrap_err().contains("declared"));
        assert!(fault_with("binding(1)", "binding(2)").contains("was due"));
        assert!(fault_with("fn main", "fn start").contains("start"));
    }

    #[test]
    fn an_override_needs_a_default() {
        let sized = |declared: &str| {
            let wgsl = SOUND.replace("array<f32, 64>", "array<f32, size>");
            fault(format!("override size: u32 {declared};{wgsl}"), BINDS, [64, 1, 1])
        };
        sized("= 64u").unwrap();
        assert!(sized("").unwrap_err().contains("default"));
        assert!(sized("= 4097u").unwrap_err().contains("16388 bytes"));
    }
}
