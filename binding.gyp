# The addon `engram` and the static libraries it is made of: one per instruction set, compiled with flags of its own, and the
# core. Not here: the native tests and benchmarks, which native/Makefile builds without Node.
{
  "variables": {
    "openssl_fips": "",
    # llama.h and what it includes, of the very llama.cpp that node-llama-cpp brings.
    "llama_headers": "<!(node scripts/llama-headers.mjs)",
    # Core files are found, not listed; those of one instruction set are left to their own targets.
    "core_sources": ["<!@(node native/kernels.mjs core)"]
  },
  "target_defaults": {
    "cflags": ["-O3", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra"],
    "cflags!": ["-fno-exceptions"],
    "cflags_cc": ["-std=c++20", "-fvisibility-inlines-hidden"],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-exceptions", "-fno-rtti"],
    "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS"],
    "include_dirs": ["native/core", "<!@(node -p \"require('node-addon-api').include\")"],
    "xcode_settings": {
      "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
      "CLANG_CXX_LIBRARY": "libc++",
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "GCC_ENABLE_CPP_RTTI": "YES",
      "GCC_OPTIMIZATION_LEVEL": "3",
      "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
      "MACOSX_DEPLOYMENT_TARGET": "11.0"
    },
    # The kernels use builtins of GCC and Clang, so Windows needs Visual Studio's Clang.
    "msbuild_toolset": "ClangCL",
    "msvs_settings": {
      "VCCLCompilerTool": { "ExceptionHandling": 1, "Optimization": 3, "AdditionalOptions": ["/std:c++20"] }
    }
  },
  "targets": [
    {
      "target_name": "core",
      "type": "static_library",
      "sources": ["<@(core_sources)"],
      "conditions": [
        ["target_arch=='arm64'", {
          "sources": ["native/core/gemm/neon.cpp"],
          "dependencies": ["int8_dotprod", "int8_i8mm"]
        }]
      ]
    },
    {
      "target_name": "generate",
      "type": "static_library",
      "include_dirs": ["<(llama_headers)"],
      "sources": [
        "native/generate/adapter_sum.cpp",
        "native/generate/cache_state.cpp",
        "native/generate/context.cpp",
        "native/generate/embedding.cpp",
        "native/generate/engine.cpp",
        "native/generate/language_model.cpp",
        "native/generate/llama_context.cpp",
        "native/generate/llama_library.cpp",
        "native/generate/own_context.cpp",
        "native/generate/prompt_reader.cpp",
        "native/generate/sampler.cpp"
      ]
    },
    {
      "target_name": "engram",
      "sources": [
        "native/binding/adapter_jobs.cpp",
        "native/binding/addon.cpp",
        "native/binding/arguments.cpp",
        "native/binding/engine_handle.cpp",
        "native/binding/failure.cpp",
        "native/binding/language_model_handle.cpp",
        "native/binding/mailbox.cpp",
        "native/binding/model_handle.cpp",
        "native/binding/trainer_handle.cpp",
        "native/binding/worker.cpp"
      ],
      "dependencies": ["core", "generate"],
      "include_dirs": ["<(llama_headers)"],
      "conditions": [
        ["target_arch=='x64'", { "dependencies": ["avx2", "avx512", "avx512bf16", "int8_avxvnni", "int8_avx512vnni"] }],
        ["OS=='linux'", { "ldflags": ["-Wl,--exclude-libs,ALL"], "libraries": ["-ldl", "-lpthread"] }]
      ]
    }
  ],
  "conditions": [
    ["target_arch=='x64'", {
      "variables": {
        "avx2_flags": ["<!@(node native/kernels.mjs flags avx2)"],
        "avx512_flags": ["<!@(node native/kernels.mjs flags avx512)"],
        "avx512bf16_flags": ["<!@(node native/kernels.mjs flags avx512bf16)"],
        "int8_avxvnni_flags": ["<!@(node native/kernels.mjs flags int8_avxvnni)"],
        "int8_avx512vnni_flags": ["<!@(node native/kernels.mjs flags int8_avx512vnni)"]
      },
      "targets": [
        {
          "target_name": "avx2",
          "type": "static_library",
          "sources": ["native/core/gemm/avx2.cpp", "native/core/gemm/int8_avx2.cpp", "native/core/ops/avx2.cpp"],
          "cflags": ["<@(avx2_flags)"],
          "xcode_settings": { "OTHER_CFLAGS": ["<@(avx2_flags)"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["<@(avx2_flags)"] } }
        },
        {
          "target_name": "avx512",
          "type": "static_library",
          "sources": ["native/core/gemm/avx512.cpp", "native/core/ops/avx512.cpp"],
          "cflags": ["<@(avx512_flags)"],
          "xcode_settings": { "OTHER_CFLAGS": ["<@(avx512_flags)"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["<@(avx512_flags)"] } }
        },
        {
          "target_name": "avx512bf16",
          "type": "static_library",
          "sources": ["native/core/gemm/avx512bf16.cpp"],
          "cflags": ["<@(avx512bf16_flags)"],
          "xcode_settings": { "OTHER_CFLAGS": ["<@(avx512bf16_flags)"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["<@(avx512bf16_flags)"] } }
        },
        {
          "target_name": "int8_avxvnni",
          "type": "static_library",
          "sources": ["native/core/gemm/int8_avxvnni.cpp"],
          "cflags": ["<@(int8_avxvnni_flags)"],
          "xcode_settings": { "OTHER_CFLAGS": ["<@(int8_avxvnni_flags)"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["<@(int8_avxvnni_flags)"] } }
        },
        {
          "target_name": "int8_avx512vnni",
          "type": "static_library",
          "sources": ["native/core/gemm/int8_avx512vnni.cpp"],
          "cflags": ["<@(int8_avx512vnni_flags)"],
          "xcode_settings": { "OTHER_CFLAGS": ["<@(int8_avx512vnni_flags)"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["<@(int8_avx512vnni_flags)"] } }
        }
      ]
    }],
    ["target_arch=='arm64'", {
      "variables": {
        "int8_dotprod_flags": ["<!@(node native/kernels.mjs flags int8_dotprod)"],
        "int8_i8mm_flags": ["<!@(node native/kernels.mjs flags int8_i8mm)"]
      },
      "targets": [
        {
          "target_name": "int8_dotprod",
          "type": "static_library",
          "sources": ["native/core/gemm/int8_dotprod.cpp"],
          "cflags": ["<@(int8_dotprod_flags)"],
          "xcode_settings": { "OTHER_CFLAGS": ["<@(int8_dotprod_flags)"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["<@(int8_dotprod_flags)"] } }
        },
        {
          "target_name": "int8_i8mm",
          "type": "static_library",
          "sources": ["native/core/gemm/int8_i8mm.cpp"],
          "cflags": ["<@(int8_i8mm_flags)"],
          "xcode_settings": { "OTHER_CFLAGS": ["<@(int8_i8mm_flags)"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["<@(int8_i8mm_flags)"] } }
        }
      ]
    }]
  ]
}
