//! What waits for a thread.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// A queue that threads wait at.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        let state = State {
            waiting: VecDeque::new(),
            closed: false,
        };
        Self {
            state: Mutex::new(state),
            filled: Condvar::new(),
        }
    }

    /// Adds an item; whether the queue is open still.
    pub(super) fn push(&self, item: T) -> bool {
        let mut state = self.state();
        if state.closed {
            return false;
        }
        state.waiting.push_back(item);
        drop(state);
        self.filled.notify_one();
        true
    }

    /// Waits for an item; `None` once the queue is closed and empty.
    pub(super) fn pop(&self) -> Option<T> {
        let mut state = self.state();
        loop {
            if let Some(item) = state.waiting.pop_front() {
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes an item if there is one.
    pub(super) fn try_pop(&self) -> Option<T> {
        self.state().waiting.pop_front()
    }

    /// Takes nothing more in; what waits is still served.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_order_and_a_closed_queue_ends() {
        let queue = Queue::new();
        assert!(queue.push(1) && queue.push(2));
        queue.close();
        assert!(!queue.push(3));
        assert_eq!((queue.pop(), queue.try_pop()), (Some(1), Some(2)));
        assert_eq!((queue.pop(), queue.try_pop()), (None, None));
    }

    #[test]
    fn whoever_waits_is_woken() {
        let queue = Queue::new();
        std::thread::scope(|scope| {
            let first = scope.spawn(|| queue.pop());
            queue.push("item");
            assert_eq!(first.join().unwrap(), Some("item"));
            let second = scope.spawn(|| queue.pop());
            queue.close();
            assert_eq!(second.join().unwrap(), None);
        });
    }
}
