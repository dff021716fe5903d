"""Where settlement meets banks: accounts, files that instruct payments, and statements that say what was paid."""
