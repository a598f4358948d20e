// node-addon-api as the binding uses it; nothing here includes <napi.h> but this file.
#pragma once

// In an environment that is being terminated no JS exception can be thrown. Without this, node-addon-api then throws a
// C++ one through V8's frames, which ends the process.
#ifndef NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#endif

#include <napi.h>
