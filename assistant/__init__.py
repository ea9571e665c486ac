"""The answer: reply contract, prompt, engines, grounding, and the pipeline that joins facts and voice."""
