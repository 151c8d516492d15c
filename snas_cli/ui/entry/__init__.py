"""Where Streamlit begins. Its folder is searched for modules first, so nothing else lies in it."""
