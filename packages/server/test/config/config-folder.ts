import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, readConfig, type ServerConfig } from '@apns-worker/server'

/** A temporary folder with files of a configuration. */
export class ConfigFolder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'apns-worker-config-'))

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name)
    writeFileSync(path, content)
    return path
  }

  read(yaml: string, variables: Record<string, string> = {}): ServerConfig {
    return readConfig({ path: this.write('worker.yaml', yaml), environment: variables })
  }

  /** What is wrong with it, each in its line, with the folder left out. */
  problems(yaml: string, variables: Record<string, string> = {}): string[] {
    try {
      this.read(yaml, variables)
    } catch (error) {
      if (error instanceof ConfigError) return error.message.replaceAll(`${this.path}/`, '').split('\n')
      throw error
    }
    return []
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}
