"""The compiled model for a browser: lowered to WebAssembly, with the layout of what it reads and writes."""
