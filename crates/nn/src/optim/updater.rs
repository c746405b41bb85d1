//! One update of all parameters.

use super::Gradients;
use crate::NnError;
use crate::weights::NamedTensor;
use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::Tensor;
use recurra_kernels::{Rule, Update, update};
use std::collections::BTreeMap;

/// A rule with its memory of past gradients.
#[derive(Debug, Clone)]
pub struct Updater {
    rule: Rule,
    /// By parameter id.
    memories: BTreeMap<u64, Memory>,
    /// What the learning rate is multiplied with, by parameter id; 1 where there is none.
    rates: BTreeMap<u64, f64>,
}

#[derive(Debug, Clone, Default)]
struct Memory {
    /// Updates made.
    updates: u64,
    /// `[num_memories, weights]`
    values: Vec<f32>,
}

/// The key of the numbers of updates among the metadata.
const UPDATES: &str = "updates";

impl Updater {
    /// An updater that has seen nothing.
    pub fn new(rule: Rule) -> Self {
        Self {
            rule,
            memories: BTreeMap::new(),
            rates: BTreeMap::new(),
        }
    }

    /// The updater with a learning rate of its own for each of these parameters: that of the update
    /// times the number.
    #[must_use]
    pub fn with_rates(mut self, rates: impl IntoIterator<Item = (ParamId, f64)>) -> Self {
        self.rates = rates
            .into_iter()
            .map(|(id, rate)| (id.val(), rate))
            .collect();
        self
    }

    /// `model` after one update of every parameter that has a gradient, each gradient times
    /// `gradient_factor` (see [`clip_factor`](super::clip_factor)).
    ///
    /// Weights are changed where they lie, unless somebody else holds them.
    ///
    /// # Errors
    /// [`NnError::Kernel`] when the memory is that of other parameters.
    pub fn update<M: Module>(
        &mut self,
        model: M,
        gradients: &Gradients,
        learning_rate: f64,
        gradient_factor: f64,
    ) -> Result<M, NnError> {
        let mut change = Change {
            updater: self,
            gradients,
            learning_rate,
            gradient_factor,
            error: None,
        };
        let model = model.map(&mut change);
        match change.error {
            Some(error) => Err(error),
            None => Ok(model),
        }
    }

    /// What is remembered: `[num_memories, weights]` by parameter id; and, under `updates`, the
    /// number of updates made, as `id:number` separated by spaces.
    pub fn export(&self) -> (Vec<NamedTensor>, BTreeMap<String, String>) {
        let rows = self.rule.num_memories();
        let tensors = (self.memories.iter())
            .filter(|_| rows > 0)
            .map(|(id, memory)| NamedTensor {
                name: id.to_string(),
                shape: vec![rows, memory.values.len() / rows],
                values: memory.values.clone(),
            })
            .collect();
        let updates: Vec<String> = (self.memories.iter())
            .map(|(id, memory)| format!("{id}:{}", memory.updates))
            .collect();
        let updates = BTreeMap::from([(UPDATES.to_owned(), updates.join(" "))]);
        (tensors, updates)
    }

    /// An updater that goes on where [`export`](Self::export) left off; `None` when that is not
    /// the memory of this rule.
    pub fn import(
        rule: Rule,
        tensors: Vec<NamedTensor>,
        metadata: &BTreeMap<String, String>,
    ) -> Option<Self> {
        let rows = rule.num_memories();
        let mut memories = BTreeMap::new();
        for entry in metadata.get(UPDATES)?.split_whitespace() {
            let (id, updates) = entry.split_once(':')?;
            let memory = Memory {
                updates: updates.parse().ok()?,
                values: Vec::new(),
            };
            memories.insert(id.parse().ok()?, memory);
        }
        let stored = tensors.len();
        for tensor in tensors {
            if tensor.shape.first() != Some(&rows) {
                return None;
            }
            let memory: &mut Memory = memories.get_mut(&tensor.name.parse().ok()?)?;
            memory.values = tensor.values;
        }
        let expected = if rows == 0 { 0 } else { memories.len() };
        (stored == expected).then_some(Self {
            memories,
            ..Self::new(rule)
        })
    }
}

/// The way through a model.
struct Change<'a> {
    updater: &'a mut Updater,
    gradients: &'a Gradients,
    learning_rate: f64,
    gradient_factor: f64,
    error: Option<NnError>,
}

impl ModuleMapper for Change<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.gradients.get(param.id) else {
            return param;
        };
        let rule = self.updater.rule;
        let memory = self.updater.memories.entry(param.id.val()).or_default();
        if memory.updates == 0 {
            memory.values = vec![0.0; rule.num_memories() * gradient.len()];
        }
        memory.updates += 1;
        let own_rate = self.updater.rates.get(&param.id.val()).copied();
        let (id, old, mapper) = param.consume();
        let (device, requires_grad) = ((old.device(), old.dtype()), old.is_require_grad());
        let mut data = old.into_data_as::<f32>();
        let outcome = update(Update {
            rule,
            learning_rate: self.learning_rate * own_rate.unwrap_or(1.0),
            update: memory.updates,
            gradient_factor: self.gradient_factor,
            weights: data
                .as_mut_slice()
                .expect("weights were read as f32, in an allocation that is aligned for it"),
            gradients: gradient,
            memory: &mut memory.values,
        });
        if let Err(error) = outcome {
            self.error.get_or_insert(error.into());
        }
        let new = Tensor::from_data(data, (&device.0, device.1));
        Param::from_mapped_value(id, new.set_require_grad(requires_grad), mapper)
    }
}
