//! Maximum flow between two terminals on graphs of pixels: Boykov and Kolmogorov, "An Experimental Comparison of
//! Min-Cut/Max-Flow Algorithms for Energy Minimization in Vision" (PAMI 2004).
//!
//! Two trees grow from the terminals along edges that have capacity left; where they meet, flow is pushed and the trees are
//! mended. What is left of the capacities stays: after terminals have changed, only the difference is solved
//! (Kohli and Torr, "Dynamic Graph Cuts", PAMI 2007). Capacities are integers, so the result does not depend on what was
//! solved before: of all minimum cuts it is the one with the fewest nodes on the source's side.

use std::collections::VecDeque;

/// Slots of a node: slot `d` of one node and slot `SLOTS − 1 − d` of its neighbour are the two directions of one edge.
pub(crate) const SLOTS: usize = 8;

/// Where a node hangs in its tree: a slot, or one of these.
const AT_TERMINAL: u8 = SLOTS as u8;
const ORPHAN: u8 = AT_TERMINAL + 1;
const FREE: u8 = ORPHAN + 1;

/// A node's place in the trees.
#[derive(Clone, Copy)]
struct Node {
    /// Way to its terminal, as of `stamp`.
    distance: u32,
    stamp: u32,
    parent: u8,
    is_sink: bool,
    is_active: bool,
}

/// A graph and its flow.
pub(crate) struct MaxFlow {
    nodes: Vec<Node>,
    /// The node at each slot; itself where there is none, without capacity.
    neighbours: Vec<[u32; SLOTS]>,
    /// Capacity left towards each neighbour.
    residual: Vec<[i32; SLOTS]>,
    /// Capacity left from the source where above 0, to the sink where below.
    terminal: Vec<i32>,
    /// The terminals that were asked for, before any flow.
    wanted: Vec<i32>,
    active: VecDeque<u32>,
    orphans: VecDeque<u32>,
    time: u32,
}

impl MaxFlow {
    /// Nodes without edges.
    pub fn new(nodes: usize) -> Self {
        let node = Node { distance: 0, stamp: 0, parent: FREE, is_sink: false, is_active: false };
        Self {
            nodes: vec![node; nodes],
            neighbours: (0..nodes).map(|index| [index as u32; SLOTS]).collect(),
            residual: vec![[0; SLOTS]; nodes],
            terminal: vec![0; nodes],
            wanted: vec![0; nodes],
            active: VecDeque::new(),
            orphans: VecDeque::new(),
            time: 0,
        }
    }

    /// Joins two nodes in both directions. `slot` is that of `from`.
    pub fn join(&mut self, from: usize, slot: usize, to: usize, capacity: i32) {
        let back = SLOTS - 1 - slot;
        (self.neighbours[from][slot], self.residual[from][slot]) = (to as u32, capacity);
        (self.neighbours[to][back], self.residual[to][back]) = (from as u32, capacity);
    }

    /// What a node gains on the source's side: a capacity from the source where above 0, to the sink where below.
    pub fn set_terminal(&mut self, node: usize, gain: i32) {
        self.terminal[node] += gain - self.wanted[node];
        self.wanted[node] = gain;
    }

    /// Pushes all the flow there is. Afterwards [`Self::is_source_side`] tells the cut.
    pub fn solve(&mut self) {
        self.start();
        let mut current = None;
        while let Some(index) = current.take().or_else(|| self.next_active()) {
            if let Some((from, slot)) = self.grow(index) {
                self.time += 1;
                self.augment(from, slot);
                while let Some(orphan) = self.orphans.pop_front() {
                    self.adopt(orphan);
                }
                // The node may have more to give.
                current = (self.nodes[index].parent != FREE).then_some(index);
            }
        }
    }

    /// Whether a node can still be reached from the source.
    pub fn is_source_side(&self, node: usize) -> bool {
        self.nodes[node].parent != FREE && !self.nodes[node].is_sink
    }

    fn start(&mut self) {
        self.time = 1;
        self.active.clear();
        for (node, &terminal) in self.nodes.iter_mut().zip(&self.terminal) {
            let parent = if terminal == 0 { FREE } else { AT_TERMINAL };
            *node = Node { distance: 1, stamp: 0, parent, is_sink: terminal < 0, is_active: false };
        }
        // Only a node beside one that is not of its own tree has anything to grow into.
        for index in 0..self.nodes.len() {
            let node = self.nodes[index];
            let differs = |other: &u32| {
                let other = self.nodes[*other as usize];
                other.parent == FREE || other.is_sink != node.is_sink
            };
            if node.parent == AT_TERMINAL && self.neighbours[index].iter().any(differs) {
                self.activate(index);
            }
        }
    }

    fn activate(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        if !node.is_active {
            node.is_active = true;
            self.active.push_back(index as u32);
        }
    }

    fn next_active(&mut self) -> Option<usize> {
        while let Some(index) = self.active.pop_front() {
            let node = &mut self.nodes[index as usize];
            node.is_active = false;
            if node.parent != FREE {
                return Some(index as usize);
            }
        }
        None
    }

    fn neighbour(&self, index: usize, slot: usize) -> usize {
        self.neighbours[index][slot] as usize
    }

    /// Capacity left on the edge at a slot in the direction that flow takes in the node's tree: towards a node of the
    /// sink's, away from one of the source's.
    fn capacity_out(&self, index: usize, slot: usize, is_sink: bool) -> i32 {
        if is_sink {
            self.residual[self.neighbour(index, slot)][SLOTS - 1 - slot]
        } else {
            self.residual[index][slot]
        }
    }

    /// The same in the other direction: what a parent at that slot can give.
    fn capacity_in(&self, index: usize, slot: usize, is_sink: bool) -> i32 {
        self.capacity_out(index, slot, !is_sink)
    }

    /// Takes free neighbours into the node's tree. Where it meets the other tree: the edge from the source's side.
    fn grow(&mut self, index: usize) -> Option<(usize, usize)> {
        let node = self.nodes[index];
        for slot in 0..SLOTS {
            if self.capacity_out(index, slot, node.is_sink) == 0 {
                continue;
            }
            let (other, back) = (self.neighbour(index, slot), SLOTS - 1 - slot);
            let neighbour = &mut self.nodes[other];
            if neighbour.parent == FREE {
                (neighbour.is_sink, neighbour.parent) = (node.is_sink, back as u8);
                (neighbour.stamp, neighbour.distance) = (node.stamp, node.distance + 1);
                self.activate(other);
            } else if neighbour.is_sink != node.is_sink {
                return Some(if node.is_sink { (other, back) } else { (index, slot) });
            } else if neighbour.stamp <= node.stamp && neighbour.distance > node.distance {
                // A shorter way to the terminal.
                neighbour.parent = back as u8;
                (neighbour.stamp, neighbour.distance) = (node.stamp, node.distance + 1);
            }
        }
        None
    }

    /// Pushes as much as the path through that edge takes.
    fn augment(&mut self, from: usize, slot: usize) {
        let to = self.neighbour(from, slot);
        let flow = self.residual[from][slot].min(self.bottleneck(from)).min(self.bottleneck(to));
        self.push(from, slot, flow);
        self.drain(from, flow);
        self.drain(to, flow);
    }

    fn push(&mut self, from: usize, slot: usize, flow: i32) {
        let to = self.neighbour(from, slot);
        self.residual[from][slot] -= flow;
        self.residual[to][SLOTS - 1 - slot] += flow;
    }

    /// The least capacity on the way from a node to its terminal.
    fn bottleneck(&self, mut index: usize) -> i32 {
        let is_sink = self.nodes[index].is_sink;
        let mut flow = i32::MAX;
        loop {
            let parent = self.nodes[index].parent;
            if parent == AT_TERMINAL {
                return flow.min(self.terminal[index].abs());
            }
            flow = flow.min(self.capacity_in(index, parent as usize, is_sink));
            index = self.neighbour(index, parent as usize);
        }
    }

    /// Takes the flow off the way from a node to its terminal; what is used up there becomes an orphan.
    fn drain(&mut self, mut index: usize, flow: i32) {
        let is_sink = self.nodes[index].is_sink;
        loop {
            let parent = self.nodes[index].parent;
            if parent == AT_TERMINAL {
                self.terminal[index] += if is_sink { flow } else { -flow };
                if self.terminal[index] == 0 {
                    self.nodes[index].parent = ORPHAN;
                    self.orphans.push_front(index as u32);
                }
                return;
            }
            let (slot, next) = (parent as usize, self.neighbour(index, parent as usize));
            if is_sink {
                self.push(index, slot, flow);
            } else {
                self.push(next, SLOTS - 1 - slot, flow);
            }
            if self.capacity_in(index, slot, is_sink) == 0 {
                self.nodes[index].parent = ORPHAN;
                self.orphans.push_front(index as u32);
            }
            index = next;
        }
    }

    /// Hangs an orphan at the neighbour with the shortest way to the terminal, or sets it free.
    fn adopt(&mut self, orphan: u32) {
        let index = orphan as usize;
        let is_sink = self.nodes[index].is_sink;
        let is_of_tree = |node: Node| node.parent != FREE && node.is_sink == is_sink;
        let (mut best, mut shortest) = (None, u32::MAX);
        for slot in 0..SLOTS {
            let other = self.neighbour(index, slot);
            if self.capacity_in(index, slot, is_sink) == 0 || !is_of_tree(self.nodes[other]) {
                continue;
            }
            if let Some(distance) = self.way_to_terminal(other)
                && distance < shortest
            {
                (best, shortest) = (Some(slot), distance);
            }
        }
        if let Some(slot) = best {
            let time = self.time;
            let node = &mut self.nodes[index];
            (node.parent, node.stamp, node.distance) = (slot as u8, time, shortest + 1);
            return;
        }
        for slot in 0..SLOTS {
            let other = self.neighbour(index, slot);
            if other == index || !is_of_tree(self.nodes[other]) {
                continue;
            }
            if self.capacity_in(index, slot, is_sink) != 0 {
                self.activate(other);
            }
            let neighbour = &mut self.nodes[other];
            if usize::from(neighbour.parent) == SLOTS - 1 - slot {
                neighbour.parent = ORPHAN;
                self.orphans.push_back(other as u32);
            }
        }
        self.nodes[index].parent = FREE;
    }

    /// Steps to the terminal; `None` where the way ends in an orphan. Marks what it passed, so that nobody asks twice.
    fn way_to_terminal(&mut self, start: usize) -> Option<u32> {
        let (mut index, mut steps) = (start, 0);
        let distance = loop {
            let node = self.nodes[index];
            if node.stamp == self.time {
                break steps + node.distance;
            }
            steps += 1;
            match node.parent {
                AT_TERMINAL => {
                    (self.nodes[index].stamp, self.nodes[index].distance) = (self.time, 1);
                    break steps;
                }
                ORPHAN => return None,
                parent => index = self.neighbour(index, parent as usize),
            }
        };
        let (mut index, mut left) = (start, distance);
        while self.nodes[index].stamp != self.time {
            (self.nodes[index].stamp, self.nodes[index].distance) = (self.time, left);
            left -= 1;
            index = self.neighbour(index, self.nodes[index].parent as usize);
        }
        Some(distance)
    }
}

#[cfg(test)]
mod tests {
    use super::{MaxFlow, SLOTS};

    /// The least cost over all cuts, and the cheapest cut with the fewest nodes on the source's side.
    fn by_trying(edges: &[(usize, usize, i32)], gains: &[i32]) -> (i64, u32) {
        let nodes = gains.len();
        (0..1u32 << nodes)
            .map(|cut| {
                let side = |node: usize| cut >> node & 1 == 1;
                let lost = (0..nodes)
                    .filter(|&node| (gains[node] > 0) != side(node))
                    .map(|node| i64::from(gains[node].abs()));
                let crossed = edges
                    .iter()
                    .filter(|(a, b, _)| side(*a) != side(*b))
                    .map(|(_, _, capacity)| i64::from(*capacity));
                (lost.sum::<i64>() + crossed.sum::<i64>(), cut)
            })
            .min_by_key(|(cost, cut)| (*cost, cut.count_ones()))
            .expect("there is the empty cut")
    }

    /// A 4×4 grid with diagonals.
    fn grid(next: &mut impl FnMut(i32) -> i32) -> (MaxFlow, Vec<(usize, usize, i32)>) {
        let mut flow = MaxFlow::new(16);
        let mut edges = Vec::new();
        for pixel in 0..16usize {
            for (slot, (dx, dy)) in [(1, 0), (-1, 1), (0, 1), (1, 1)].into_iter().enumerate() {
                let (x, y) = ((pixel % 4) as i32 + dx, pixel as i32 / 4 + dy);
                if (0..4).contains(&x) && y < 4 {
                    let (other, capacity) = ((y * 4 + x) as usize, next(9));
                    flow.join(pixel, SLOTS / 2 + slot, other, capacity);
                    edges.push((pixel, other, capacity));
                }
            }
        }
        (flow, edges)
    }

    #[test]
    fn cuts_are_the_smallest_of_all_whatever_was_solved_before() {
        let mut seed = 3u32;
        let mut next = move |below: i32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as i32 % below
        };
        for _ in 0..6 {
            let (mut flow, edges) = grid(&mut next);
            for _ in 0..4 {
                let gains: Vec<i32> = (0..16).map(|_| next(61) - 30).collect();
                gains.iter().enumerate().for_each(|(node, &gain)| flow.set_terminal(node, gain));
                flow.solve();
                let cut = (0..16).fold(0, |cut, node| cut | u32::from(flow.is_source_side(node)) << node);
                assert_eq!(cut, by_trying(&edges, &gains).1, "{gains:?}");
            }
        }
    }
}
