"""What the critic says of states, held against what the policy earns from them."""
