"""Anthropic's own Python package against a server of engram."""
import os

from anthropic import Anthropic, NotFoundError

from report import check, run

client = Anthropic(base_url=os.environ["BASE_URL"], api_key=os.environ["KEY"], max_retries=0, timeout=600)
MODEL = os.environ["MODEL"]
ASKED = [{"role": "user", "content": "What is the capital of France?"}]
TOOL = {
    "name": "weather",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


@run("POST /v1/messages")
def messages():
    whole = client.messages.create(model=MODEL, max_tokens=12, messages=ASKED)
    with client.messages.stream(model=MODEL, max_tokens=12, messages=ASKED) as stream:
        streamed = "".join(stream.text_stream)
    check(streamed.strip() == whole.content[0].text.strip(), (streamed, whole.content))
    check(whole.usage.output_tokens > 0, whole.usage)


@run("POST /v1/messages: tools")
def tools():
    called = client.messages.create(
        model=MODEL, max_tokens=60, messages=ASKED, tools=[TOOL], tool_choice={"type": "tool", "name": "weather"}
    )
    block = called.content[-1]
    check(block.type == "tool_use" and "city" in block.input and called.stop_reason == "tool_use", called)


@run("POST /v1/messages/count_tokens")
def count():
    counted = client.messages.count_tokens(model=MODEL, messages=ASKED).input_tokens
    check(counted == client.messages.create(model=MODEL, max_tokens=1, messages=ASKED).usage.input_tokens, counted)


@run("errors")
def errors():
    try:
        client.messages.create(model="claude", max_tokens=1, messages=ASKED)
        check(False, "claude is not there")
    except NotFoundError as error:
        check(error.body["error"]["type"] == "not_found_error", error.body)
