// The platforms that engram is built for: what npm has to know of each, what zig has to, and what a built file may ask of the
// machine it runs on. Not here: what is blocked by a dependency (docs/packages.md).

/** Of Node's own binaries for Linux. */
const GLIBC = '2.28';
/** The first with std::atomic::wait. */
const MACOS = '11.0';

const linux = (cpu, arch) => ({
  os: 'linux',
  cpu,
  libc: 'glibc',
  arch,
  zig: `${arch}-linux-gnu.${GLIBC}`,
  llama: `linux-${cpu}`,
  onnxruntime: `linux/${cpu}`,
  format: 'elf',
  allowed: { libraries: /^(libc|libm|libdl|libpthread)\.so\.\d$|^ld-linux-[a-z0-9-]+\.so\.\d$/, glibc: GLIBC },
});

const darwin = (cpu, arch, llama) => ({
  os: 'darwin',
  cpu,
  arch,
  zig: `${arch}-macos.${MACOS}`,
  llama,
  ...(cpu === 'arm64' ? { onnxruntime: 'darwin/arm64' } : { lacks: ['onnxruntime-node'] }),
  format: 'macho',
  allowed: { libraries: /^\/usr\/lib\/libSystem\.B\.dylib$/, macos: MACOS },
});

export const TARGETS = {
  'linux-x64': linux('x64', 'x86_64'),
  'linux-arm64': linux('arm64', 'aarch64'),
  'linux-x64-musl': {
    os: 'linux',
    cpu: 'x64',
    libc: 'musl',
    arch: 'x86_64',
    zig: 'x86_64-linux-musl',
    lacks: ['node-llama-cpp', 'onnxruntime-node'],
    format: 'elf',
    allowed: { libraries: /^libc\.so$/ },
  },
  'darwin-arm64': darwin('arm64', 'aarch64', 'mac-arm64-metal'),
  'darwin-x64': darwin('x64', 'x86_64', 'mac-x64'),
  'win32-x64': {
    os: 'win32',
    cpu: 'x64',
    arch: 'x86_64',
    zig: 'x86_64-windows-gnu',
    llama: 'win-x64',
    onnxruntime: 'win32/x64',
    format: 'pe',
    allowed: {
      libraries: /^(kernel32|ntdll|node|api-ms-win-crt-[a-z0-9-]+|api-ms-win-core-synch-[a-z0-9-]+)\.(dll|exe)$/i,
    },
  },
};

/** Of each of our two files. */
export const MOST_BYTES = 4e6;

/** What a platform's package is called; src/prebuilt.ts looks for the same name. */
export const packageOf = (platform) => `@engram/${platform}`;
