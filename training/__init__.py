"""The voice: profiles, lessons, fine-tuning and evaluation."""
