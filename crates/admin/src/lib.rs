//! The admin API: who may administer, what is asked for, and the words of every refusal. What changes, `inventory` changes.
