"""What policies are worth and how sure that is: arithmetic on arrays of costs, QALYs and parameters."""
