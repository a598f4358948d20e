"""OpenAI's own Python package against a server of engram: BASE_URL, KEY, MODEL, EMBEDDER from the environment."""
import io
import json
import os
import time

from openai import APIStatusError, NotFoundError, OpenAI

from report import check, run

client = OpenAI(base_url=os.environ["BASE_URL"] + "/v1", api_key=os.environ["KEY"], max_retries=0, timeout=600)
MODEL, EMBEDDER, BRAIN = os.environ["MODEL"], os.environ["EMBEDDER"], "brain:default"
ASKED = [{"role": "user", "content": "What is the capital of France?"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 20}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


@run("GET /v1/models, /v1/models/{id}")
def models():
    ids = [model.id for model in client.models.list()]
    check(MODEL in ids and BRAIN in ids, ids)
    check(client.models.retrieve(BRAIN).id == BRAIN, "retrieve")
    try:
        client.models.retrieve("gpt-4o")
        check(False, "gpt-4o is not there")
    except NotFoundError as error:
        check(error.code == "model_not_found", error.code)


@run("POST /v1/chat/completions")
def chat():
    whole = client.chat.completions.create(model=MODEL, messages=ASKED, max_tokens=12)
    text = whole.choices[0].message.content
    check(text and whole.usage.completion_tokens > 0, whole)
    pieces, usage = "", None
    stream = client.chat.completions.create(
        model=MODEL, messages=ASKED, max_tokens=12, stream=True, stream_options={"include_usage": True}
    )
    for chunk in stream:
        usage = chunk.usage or usage
        pieces += (chunk.choices[0].delta.content or "") if chunk.choices else ""
    check(pieces.strip() == text.strip(), (pieces, text))
    check(usage is not None and usage.total_tokens == whole.usage.total_tokens, usage)


@run("POST /v1/chat/completions: tools, JSON")
def forms():
    called = client.chat.completions.create(
        model=MODEL, messages=ASKED, max_tokens=60, tools=[TOOL], tool_choice="required"
    )
    call = called.choices[0].message.tool_calls[0]
    check(call.function.name == "weather" and "city" in json.loads(call.function.arguments), call)
    schema = {"name": "city", "schema": TOOL["function"]["parameters"], "strict": True}
    formed = client.chat.completions.create(
        model=MODEL, messages=ASKED, max_tokens=60, response_format={"type": "json_schema", "json_schema": schema}
    )
    check("city" in json.loads(formed.choices[0].message.content), formed)


@run("POST /v1/completions")
def completions():
    check(client.completions.create(model=MODEL, prompt="The sky is", max_tokens=6).choices[0].text, "text")


@run("POST /v1/embeddings")
def embeddings():
    one, two = client.embeddings.create(model=EMBEDDER, input=["A kiln.", "A ship."]).data
    check(len(one.embedding) == len(two.embedding) > 100, len(one.embedding))
    check(client.embeddings.create(model=EMBEDDER, input="A kiln.").data[0].embedding == one.embedding, "not the same alone")


@run("POST /v1/responses")
def responses():
    first = client.responses.create(model=MODEL, input="What is the capital of France?", max_output_tokens=12)
    check(first.output_text, first)
    kinds = [event.type for event in client.responses.create(model=MODEL, input="Hi", max_output_tokens=6, stream=True)]
    check(kinds[0] == "response.created" and kinds[-1] in ("response.completed", "response.incomplete"), kinds)
    client.responses.delete(first.id)


@run("/v1/files, /v1/fine_tuning/jobs")
def tuning():
    row = json.dumps({"messages": [{"role": "user", "content": "Say it."}, {"role": "assistant", "content": "Ahoy."}]})
    file = client.files.create(file=("rows.jsonl", io.BytesIO(f"{row}\n{row}\n".encode())), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(
        model=MODEL, training_file=file.id, suffix="py", hyperparameters={"n_epochs": 2, "batch_size": 2}
    )
    while job.status not in ("succeeded", "failed", "cancelled"):
        time.sleep(1)
        job = client.fine_tuning.jobs.retrieve(job.id)
    check(job.status == "succeeded", job)
    check(any(event.type == "metrics" for event in client.fine_tuning.jobs.list_events(job.id)), "no metrics")
    answer = client.chat.completions.create(model=job.fine_tuned_model, messages=ASKED, max_tokens=4)
    check(answer.choices[0].finish_reason in ("stop", "length"), answer)
    client.models.delete(job.fine_tuned_model)
    client.files.delete(file.id)


@run("/v1/vector_stores")
def stores():
    file = client.files.create(file=("kiln.md", io.BytesIO(b"# Kiln\n\nThe kiln of Tarn Hill is blue.")), purpose="assistants")
    store = client.vector_stores.create(name="notes")
    client.vector_stores.files.create_and_poll(file_id=file.id, vector_store_id=store.id)
    found = client.vector_stores.search(store.id, query="What colour is the kiln?").data
    check(found and "blue" in found[0].content[0].text, found)
    client.vector_stores.delete(store.id)


@run("errors")
def errors():
    try:
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "word " * 9000}])
        check(False, "too long a prompt was taken")
    except APIStatusError as error:
        check(error.status_code == 400 and error.code == "context_length_exceeded", error)
