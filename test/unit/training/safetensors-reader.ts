// Reads safetensors, for tests only.
export interface ReadTensor {
  dtype: string;
  shape: number[];
  values: number[];
}

export function readSafetensors(bytes: Uint8Array): Map<string, ReadTensor> {
  const data = Buffer.from(bytes);
  const headerBytes = Number(data.readBigUInt64LE(0));
  const header = JSON.parse(data.toString('utf8', 8, 8 + headerBytes)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, ReadTensor>();
  for (const [name, info] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [start, end] = info.data_offsets.map((offset) => offset + 8 + headerBytes) as [number, number];
    const values = Array.from({ length: (end - start) / 4 }, (_, i) => data.readFloatLE(start + 4 * i));
    tensors.set(name, { dtype: info.dtype, shape: info.shape, values });
  }
  return tensors;
}
