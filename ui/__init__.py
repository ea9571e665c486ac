"""The desk: the Streamlit pages that support agents work in."""
