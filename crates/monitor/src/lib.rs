//! Looking at providers: whether one is reached, whether it takes our credential, which models it lists. Never at a price.
