import type { Kind } from '../kind.ts'

/** Only to be asked for: `gcloud compute instance-groups list` wants to know which groups are managed. None is. */
export const instanceGroupManagers: Kind = {
  collection: 'instanceGroupManagers',
  message: 'InstanceGroupManager',
  singular: 'instanceGroupManager',
  noun: 'instance_group_manager',
  fingerprint: 'none',
}
