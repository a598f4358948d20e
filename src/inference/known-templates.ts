// Chat templates by name, for models that bring none: how the best known families write a conversation, in our own words. Not
// here: which of them suits a model, which its card says; and rendering (chat-template.ts).

/** A turn of every role alike, between signs; `before` and `after` stand around the role, `end` is an expression. */
const turns = (before: string, after: string, end: string): string =>
  `{%- for message in messages -%}` +
  `{{- '${before}' + message.role + '${after}' + message.content + ${end} + '\\n' -}}{%- endfor -%}` +
  `{%- if add_generation_prompt -%}{{- '${before}assistant${after}' -}}{%- endif -%}`;

/** Words before each text, a blank line between two; `end` is an expression. */
const spoken = (user: string, assistant: string, end: string): string =>
  `{%- for message in messages -%}{%- if not loop.first -%}{{- '\\n\\n' -}}{%- endif -%}` +
  `{%- if message.role == 'system' -%}{{- message.content -}}` +
  `{%- elif message.role == 'assistant' -%}{{- '${assistant}' + message.content + ${end} -}}` +
  `{%- else -%}{{- '${user}' + message.content -}}{%- endif -%}{%- endfor -%}` +
  `{%- if add_generation_prompt -%}{{- '\\n\\n' + '${assistant}'.rstrip(' ') -}}{%- endif -%}`;

/** For families without a system message: it is told within the first turn of the user. All but `start` are expressions. */
const withinUser = (start: string, told: string, user: string, assistant: string, open: string): string =>
  `${start}{%- set system = messages[0].content if messages[0].role == 'system' else '' -%}` +
  `{%- for message in messages -%}{%- if message.role == 'user' -%}` +
  `{%- set words = ${told} + message.content if system != '' and loop.index0 == 1 else message.content -%}` +
  `{{- ${user} -}}{%- elif message.role == 'assistant' -%}{{- ${assistant} -}}{%- endif -%}{%- endfor -%}` +
  `{%- if add_generation_prompt -%}{{- ${open} -}}{%- endif -%}`;

export const KNOWN_TEMPLATES: Readonly<Record<string, string>> = {
  alpaca: spoken('### Instruction:\\n', '### Response:\\n', 'eos_token'),
  chatml: turns('<|im_start|>', '\\n', `'<|im_end|>'`),
  gemma: withinUser(
    '{{- bos_token -}}',
    `system + '\\n\\n'`,
    `'<start_of_turn>user\\n' + words | trim + '<end_of_turn>\\n'`,
    `'<start_of_turn>model\\n' + message.content | trim + '<end_of_turn>\\n'`,
    `'<start_of_turn>model\\n'`,
  ),
  llama2: withinUser(
    '',
    `'<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n'`,
    `bos_token + '[INST] ' + words | trim + ' [/INST]'`,
    `' ' + message.content | trim + ' ' + eos_token`,
    `''`,
  ),
  llama3:
    `{{- bos_token -}}{%- for message in messages -%}` +
    `{{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' -}}` +
    `{%- endfor -%}{%- if add_generation_prompt -%}` +
    `{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}{%- endif -%}`,
  mistral: withinUser(
    '{{- bos_token -}}',
    `system + '\\n\\n'`,
    `'[INST] ' + words | trim + ' [/INST]'`,
    `' ' + message.content | trim + eos_token`,
    `''`,
  ),
  phi3: turns('<|', '|>\\n', `'<|end|>'`),
  plain: spoken('User: ', 'Assistant: ', `''`),
  vicuna: spoken('USER: ', 'ASSISTANT: ', 'eos_token'),
  zephyr: turns('<|', '|>\\n', 'eos_token'),
};
