// The other end of the soak run: a simulator that misbehaves at random, in a process of its own. Says where it is over IPC.
import { startSimulator } from '../packages/simulator/dist/index.js'

const { seed, intensity } = JSON.parse(process.argv[2] ?? '{}')
const simulator = await startSimulator({
  record: false,
  streamLimit: 100,
  latency: 0.02,
  chaos: { seed, intensity },
  rules: [{ tokenPrefix: 'dead', unregistered: true }],
})
process.send?.({ environment: simulator.environment, credentials: simulator.credentials })
process.on('disconnect', () => process.exit())
