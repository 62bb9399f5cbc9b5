"""Shows what every part does and carries an operator's commands; needs no daemon alive."""
