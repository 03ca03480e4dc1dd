"""Put an artefact behind a server: llama.cpp to ask it questions, bundles for vLLM and Ollama to hand out."""
