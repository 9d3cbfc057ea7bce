// The flat index of an invocation whose groups were folded onto two axes by `groups_1d` (crates/gpu/src/dispatch.rs).

fn flat_index(group: vec3<u32>, groups: vec3<u32>, lane: u32, workgroup: u32) -> u32 {
    return (group.y * groups.x + group.x) * workgroup + lane;
}
