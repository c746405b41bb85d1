//! What a cell is to the fused path: a plan of its products, and its equations for one unit.

/// A cell's equations for one unit of one row, between the products.
///
/// Per row, step and unit the path keeps `SLOTS` values: the pre-activations that the products
/// sum up, turned into gates by [`forward`](Recurrence::forward) and into gradients of the
/// pre-activations by [`backward`](Recurrence::backward), in place. `STATES` are the values
/// carried from step to step (hidden first); `FACTORS` are the parameters of the unit that
/// multiply a value of the same unit.
///
/// A step is a number of stages, each a product (see [`Stage`]) and then the equations. Both
/// functions are written for a single unit and inlined into a loop over units, which the
/// compiler vectorises: no branches on values, no calls.
pub(super) trait Recurrence<const SLOTS: usize, const STATES: usize, const FACTORS: usize>:
    Copy + std::fmt::Debug + Send + Sync
{
    const PLAN: Plan;

    /// After the product of stage `STAGE`: turns `slots` into gates, and `state` into the next
    /// state in the last stage.
    fn forward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; SLOTS],
        state: &mut [f32; STATES],
        factors: &[f32; FACTORS],
    );

    /// Before the product of stage `STAGE` is undone: turns the gates in `slots` into gradients,
    /// and `d_state` from the gradient of the next state into that of the previous one, as far
    /// as it does not go through a product. Stages come last to first.
    ///
    /// `previous` is the state before the step; `d_operand` is the gradient of what the next
    /// stage multiplied (only the last stage has no next one, and gets zero).
    fn backward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; SLOTS],
        previous: &[f32; STATES],
        factors: &[f32; FACTORS],
        d_state: &mut [f32; STATES],
        d_operand: f32,
    );
}

/// Which products a cell needs and where their results go; all that the drivers know of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// `W_ih·x` of gate `x_gates[s]` goes to slot `s`.
    pub(crate) x_gates: &'static [usize],
    /// The stages of a step, in order.
    pub(crate) stages: &'static [Stage],
    /// One for each row of `vectors`, then one for `w_hh` if it is a vector.
    pub(crate) vectors: &'static [Vector],
}

/// One product of a step: `W_hh·operand`, gate `gates[k]` going to slot `first_slot + k`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    pub(crate) operand: Operand,
    pub(crate) first_slot: usize,
    pub(crate) gates: &'static [usize],
}

/// What a stage multiplies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operand {
    /// The hidden state before the step.
    Hidden,
    /// A slot that an earlier stage has computed; it must not become a gradient.
    Slot(usize),
}

/// A parameter of H values: slot `slot` gets it times `of`, so its gradient is the sum over all
/// steps and rows of the slot's gradient times `of`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector {
    pub(super) slot: usize,
    pub(super) of: Multiplied,
}

/// What a vector is multiplied with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Multiplied {
    /// One: the vector is a bias.
    One,
    /// A state before the step.
    State(usize),
    /// A slot, which must not become a gradient.
    Slot(usize),
}

impl Vector {
    pub(super) const fn bias(slot: usize) -> Vector {
        let of = Multiplied::One;
        Vector { slot, of }
    }
}
