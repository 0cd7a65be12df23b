// What @trustnxt/c2pa-ts, a C2PA validator that shares no code with ours, says of files: one line of JSON for each.
// usage: node c2pa_ts.mjs FILE...   in a folder whose node_modules holds @trustnxt/c2pa-ts
import * as fs from 'node:fs/promises';
import * as assets from '@trustnxt/c2pa-ts/asset';
import { SuperBox } from '@trustnxt/c2pa-ts/jumbf';
import { ManifestStore, ValidationResult } from '@trustnxt/c2pa-ts/manifest';

const kinds = [assets.JPEG, assets.PNG, assets.BMFF];

async function judge(path) {
  const data = new Uint8Array(await fs.readFile(path));
  for (const kind of kinds) {
    if (!(await kind.canRead(data))) continue;
    try {
      const asset = kind.create ? await kind.create(data) : new kind(data);
      const store = await asset.getManifestJUMBF();
      if (!store) return { answer: 'no manifest', codes: [] };
      const result = await ManifestStore.read(SuperBox.fromBuffer(store)).validate(asset);
      const failures = (result.statusEntries ?? []).filter((entry) => !entry.success).map((entry) => entry.code);
      return { answer: result.isValid ? 'valid' : 'invalid', codes: failures };
    } catch (error) {
      const entries = ValidationResult.fromError(error).statusEntries ?? [];
      return { answer: 'invalid', codes: entries.length ? entries.map((entry) => entry.code) : [String(error.message)] };
    }
  }
  return { answer: 'unsupported', codes: [] };
}

for (const path of process.argv.slice(2)) console.log(JSON.stringify({ path, ...(await judge(path)) }));
