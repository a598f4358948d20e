"""Ollama's own Python package against a server of engram."""
import os

from ollama import Client, ResponseError

from report import check, run

client = Client(host=os.environ["BASE_URL"], headers={"authorization": f"Bearer {os.environ['KEY']}"}, timeout=600)
MODEL, EMBEDDER = os.environ["MODEL"], os.environ["EMBEDDER"]
ASKED = [{"role": "user", "content": "What is the capital of France?"}]


@run("/api/tags, show, ps, version")
def looks():
    check(any(model.model.startswith(MODEL) for model in client.list().models), client.list())
    shown = client.show(MODEL)
    check("completion" in shown.capabilities and any("context_length" in key for key in shown.modelinfo), shown)
    client.ps()


@run("POST /api/chat")
def chat():
    options = {"num_predict": 12}
    whole = client.chat(model=MODEL, messages=ASKED, options=options)
    pieces = [part.message.content for part in client.chat(model=MODEL, messages=ASKED, options=options, stream=True)]
    check("".join(pieces).strip() == whole.message.content.strip() and whole.done, (pieces, whole))
    schema = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}}, "required": ["city"]}
    formed = client.chat(model=MODEL, messages=ASKED, options={"num_predict": 60}, format=schema)
    check("city" in formed.message.content, formed)


@run("POST /api/generate")
def generate():
    check(client.generate(model=MODEL, prompt="The sky is", options={"num_predict": 6}).response, "response")


@run("POST /api/embed")
def embed():
    one, two = client.embed(model=EMBEDDER, input=["A kiln.", "A ship."]).embeddings
    check(len(one) == len(two) > 100, len(one))


@run("errors")
def errors():
    try:
        client.chat(model="llama3", messages=ASKED)
        check(False, "llama3 is not there")
    except ResponseError as error:
        check(error.status_code == 404, error)
