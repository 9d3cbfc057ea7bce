//! What a model's executor needs of its weights.

use serde_json::Value;

use crate::{DType, HostTensor, LocalFuture, Result, WeightsError};

/// Shape and type of a stored tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Extents as diffusers has them.
    pub shape: Vec<usize>,
    /// How the values are stored.
    pub dtype: DType,
}

/// Named weights with the configuration that came with them: a pack or a checkpoint.
pub trait WeightSource {
    /// All names, in the order in which reading is cheapest.
    fn names(&self) -> Vec<&str>;

    /// Shape and type of that tensor, if it is there.
    fn info(&self, name: &str) -> Option<TensorInfo>;

    /// Reads one tensor; one that holds NaN or infinity is an error.
    fn read<'a>(&'a self, name: &'a str) -> LocalFuture<'a, Result<HostTensor>>;

    /// `config.json` of a component: `unet`, `vae`, `text_encoder`, or `model` where the folder holds a single one.
    fn config(&self, component: &str) -> Option<&Value>;

    /// The model's own settings (`settings.json`): which layers make the map, resolution, latents.
    fn settings(&self) -> Option<&Value>;
}

/// A tensor that a model needs.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The diffusers name.
    pub name: &'a str,
    /// Older spellings in published checkpoints, tried in order after the name.
    pub aliases: &'a [String],
    /// The shape it must have; a trailing `[1, 1]` may be present or absent on either side.
    pub shape: &'a [usize],
}

/// The stored name of every wanted tensor, in order. Fails with *all* names that are missing, else on the first shape
/// that contradicts and on the first type that is no weight's.
pub fn resolve<'a>(
    source: &dyn WeightSource,
    wanted: impl IntoIterator<Item = Wanted<'a>>,
) -> Result<Vec<String>> {
    let (mut resolved, mut missing, mut unfit) = (Vec::new(), Vec::new(), None);
    for tensor in wanted {
        let names = std::iter::once(tensor.name).chain(tensor.aliases.iter().map(String::as_str));
        match names.into_iter().find_map(|name| source.info(name).map(|info| (name, info))) {
            Some((name, info)) => {
                unfit = unfit.or_else(|| check(&tensor, name, &info).err());
                resolved.push(name.to_owned());
            }
            None => missing.push(tensor.name.to_owned()),
        }
    }
    if !missing.is_empty() {
        return Err(WeightsError::Missing(missing));
    }
    unfit.map_or(Ok(resolved), Err)
}

fn check(wanted: &Wanted<'_>, stored_name: &str, info: &TensorInfo) -> Result<()> {
    let tensor = stored_name.to_owned();
    if without_pointwise_kernel(wanted.shape) != without_pointwise_kernel(&info.shape) {
        let (expected, found) = (wanted.shape.to_vec(), info.shape.clone());
        return Err(WeightsError::WrongShape { tensor, expected, found });
    }
    if !info.dtype.is_weight() {
        let dtype = info.dtype.name().to_owned();
        return Err(WeightsError::UnsupportedDType { tensor, dtype, needed: "F32, F16 or BF16" });
    }
    Ok(())
}

/// `[out, in, 1, 1]` as `[out, in]`: a 1×1 convolution is a linear layer, and files have both.
fn without_pointwise_kernel(shape: &[usize]) -> &[usize] {
    match shape {
        [matrix @ .., 1, 1] if matrix.len() == 2 => matrix,
        _ => shape,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    struct Table(BTreeMap<&'static str, TensorInfo>);

    impl WeightSource for Table {
        fn names(&self) -> Vec<&str> {
            self.0.keys().copied().collect()
        }
        fn info(&self, name: &str) -> Option<TensorInfo> {
            self.0.get(name).cloned()
        }
        fn read<'a>(&'a self, name: &'a str) -> LocalFuture<'a, Result<HostTensor>> {
            Box::pin(async move { Err(WeightsError::Missing(vec![name.to_owned()])) })
        }
        fn config(&self, _: &str) -> Option<&Value> {
            None
        }
        fn settings(&self) -> Option<&Value> {
            None
        }
    }

    fn table(rows: &[(&'static str, &[usize], DType)]) -> Table {
        let info = |shape: &[usize], dtype| TensorInfo { shape: shape.to_vec(), dtype };
        Table(rows.iter().map(|&(name, shape, dtype)| (name, info(shape, dtype))).collect())
    }

    fn wanted<'a>(name: &'a str, shape: &'a [usize]) -> Wanted<'a> {
        Wanted { name, aliases: &[], shape }
    }

    #[test]
    fn older_names_are_found_after_the_name_itself() {
        let source = table(&[("query.weight", &[4, 4], DType::F16), ("to_k.weight", &[4, 4], DType::F16)]);
        let aliases = [vec!["query.weight".to_owned()], vec!["query.weight".to_owned()]];
        let wanted = [
            Wanted { name: "to_q.weight", aliases: &aliases[0], shape: &[4, 4] },
            Wanted { name: "to_k.weight", aliases: &aliases[1], shape: &[4, 4] },
        ];
        assert_eq!(resolve(&source, wanted).unwrap(), ["query.weight", "to_k.weight"]);
    }

    #[test]
    fn all_missing_names_are_listed_even_beside_a_wrong_shape() {
        let source = table(&[("b", &[3], DType::F32)]);
        let error = resolve(&source, [wanted("a", &[1]), wanted("b", &[1]), wanted("c", &[1])]).unwrap_err();
        assert_eq!(error, WeightsError::Missing(vec!["a".into(), "c".into()]));
    }

    #[test]
    fn a_pointwise_kernel_may_be_present_or_absent() {
        let source = table(&[("linear", &[4, 8], DType::Q8), ("conv", &[4, 8, 1, 1], DType::F32)]);
        resolve(&source, [wanted("linear", &[4, 8, 1, 1]), wanted("conv", &[4, 8])]).unwrap();
        for shape in [&[8, 4][..], &[4, 8, 3, 3], &[4, 8, 1], &[4]] {
            let error = resolve(&source, [wanted("linear", shape)]).unwrap_err();
            let (expected, found) = (shape.to_vec(), vec![4, 8]);
            assert_eq!(error, WeightsError::WrongShape { tensor: "linear".into(), expected, found });
        }
        let ones = table(&[("w", &[1, 1], DType::F32)]);
        assert!(resolve(&ones, [wanted("w", &[])]).is_err(), "[1, 1] alone is a matrix, not a kernel");
    }

    #[test]
    fn a_type_that_is_no_weights_is_named() {
        let source = table(&[("w", &[4], DType::F8E5M2)]);
        let message = resolve(&source, [wanted("w", &[4])]).unwrap_err().to_string();
        assert!(message.contains('w') && message.contains("F8_E5M2"), "{message}");
    }
}
