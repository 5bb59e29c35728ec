//! Random bits for ids, from the kernel's generator by the block: a call for each id would be a system call for each.

use std::cell::RefCell;

const BLOCK: usize = 2048;
const TAKEN: usize = 16;

/// Bytes of the kernel's generator that nobody has used yet. Ids are no secrets, so keeping some in memory gives nothing away.
struct Block {
    bytes: Box<[u8; BLOCK]>,
    used: usize,
}

thread_local! {
    static UNUSED: RefCell<Block> = RefCell::new(Block { bytes: Box::new([0; BLOCK]), used: BLOCK });
}

/// 128 random bits.
pub(crate) fn bits() -> u128 {
    UNUSED.with_borrow_mut(Block::take)
}

impl Block {
    fn take(&mut self) -> u128 {
        if self.used + TAKEN > BLOCK {
            if getrandom::fill(self.bytes.as_mut_slice()).is_err() {
                // It cannot fail once the machine has booted. The clock keeps ids apart all the same.
                return u128::from(crate::arrival::unix_micros().unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            }
            self.used = 0;
        }
        let taken = self.bytes.get(self.used..self.used + TAKEN).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; TAKEN]);
        self.used += TAKEN;
        u128::from_ne_bytes(taken)
    }
}
