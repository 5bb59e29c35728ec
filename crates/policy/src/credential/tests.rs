use super::*;

fn chosen(weights: &[Option<u32>], random: u64) -> Option<usize> {
    choose(weights.iter().copied(), random)
}

#[test]
fn each_is_taken_as_often_as_its_weight_says() {
    let weights = [Some(3), Some(1), Some(0), Some(2)];
    let mut taken = [0; 4];
    for random in 0..600 {
        taken[chosen(&weights, random).unwrap()] += 1;
    }
    assert_eq!(taken, [300, 100, 0, 200]);
}

#[test]
fn weight_0_is_the_last_resort() {
    for random in [0, 1, 7, u64::MAX] {
        assert_eq!(chosen(&[Some(0), Some(1)], random), Some(1));
        assert_eq!(chosen(&[Some(0), None, Some(0)], random), Some(0), "in the configured order");
        assert_eq!(chosen(&[None, None, Some(0)], random), Some(2));
    }
}

#[test]
fn what_failed_is_not_taken_again() {
    for random in 0..20 {
        assert_eq!(chosen(&[None, Some(5), None], random), Some(1));
    }
    assert_eq!(chosen(&[None, None], 3), None);
    assert_eq!(chosen(&[], 3), None);
}

#[test]
fn the_largest_weights_do_not_overflow() {
    let weights = [Some(u32::MAX); 8];
    assert_eq!(chosen(&weights, u64::from(u32::MAX) * 8 - 1), Some(7));
    assert_eq!(chosen(&weights, u64::MAX).map(|at| at < 8), Some(true));
}
