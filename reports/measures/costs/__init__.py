"""What a step costs: seconds, bytes held and bytes sent."""
