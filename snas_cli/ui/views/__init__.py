"""What the page shows; the only part of it that knows Streamlit."""
