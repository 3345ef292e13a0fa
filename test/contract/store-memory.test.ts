import { createMemoryStore } from '../../shared/state/memory.ts'
import { storeContract } from './store.ts'

storeContract('memory', { makeStore: async () => createMemoryStore(), contenders: 20 })
