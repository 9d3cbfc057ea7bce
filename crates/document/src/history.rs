//! Every state that there was. A state is a few points: kept whole, going back is exact.

use crate::state::State;

#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// Oldest first.
    before: Vec<State>,
    now: State,
    /// What was undone, the last undone last.
    undone: Vec<State>,
    /// Rises with every change of `now`.
    revision: u64,
}

impl History {
    pub fn now(&self) -> &State {
        &self.now
    }

    pub fn revision(&self) -> u64 {
        self.revision
    }

    pub fn can_undo(&self) -> bool {
        !self.before.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    /// Goes on to a new state; what was undone is gone. Nothing happens where nothing changes.
    pub fn go_on(&mut self, state: State) {
        if state != self.now {
            let former = self.become_state(state);
            // Without a photo nothing can be made: there is nothing to go back to.
            if former.photo.is_some() {
                self.before.push(former);
            }
            self.undone.clear();
        }
    }

    /// Whether there was something to undo.
    pub fn undo(&mut self) -> bool {
        let state = self.before.pop();
        let is_done = state.is_some();
        if let Some(state) = state {
            let former = self.become_state(state);
            self.undone.push(former);
        }
        is_done
    }

    /// Whether there was something to redo.
    pub fn redo(&mut self) -> bool {
        let state = self.undone.pop();
        let is_done = state.is_some();
        if let Some(state) = state {
            let former = self.become_state(state);
            self.before.push(former);
        }
        is_done
    }

    fn become_state(&mut self, state: State) -> State {
        self.revision += 1;
        std::mem::replace(&mut self.now, state)
    }
}
