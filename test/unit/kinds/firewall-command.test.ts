import { describe, expect, it } from 'vitest'
import { firewallCommand } from '../../../functions/reconcile/firewall-command.ts'

const want = {
  network: 'projects/host/global/networks/shared',
  direction: 'INGRESS',
  description: "Firewall rule; it's ours",
  sourceRanges: ['130.211.0.0/22', '35.191.0.0/16'],
  targetTags: ['gke-a-node'],
  allowed: [{ IPProtocol: 'tcp', ports: ['30061', '30500'] }],
}

describe('the command for the administrator of a network', () => {
  it('makes the whole rule, with everything quoted that a shell would take apart', () =>
    expect(firewallCommand('create', 'host', 'mci1-fr--zp', want)).toBe(
      "gcloud compute firewall-rules create mci1-fr--zp --project=host --network=shared --direction=INGRESS --description='Firewall rule; it'\\''s ours' --allow=tcp:30061,tcp:30500 --source-ranges=130.211.0.0/22,35.191.0.0/16 --target-tags=gke-a-node",
    ))

  it('changes what can be changed', () =>
    expect(firewallCommand('update', 'host', 'mci1-fr--zp', want)).toBe(
      "gcloud compute firewall-rules update mci1-fr--zp --project=host --description='Firewall rule; it'\\''s ours' --allow=tcp:30061,tcp:30500 --source-ranges=130.211.0.0/22,35.191.0.0/16 --target-tags=gke-a-node",
    ))

  it('removes it', () =>
    expect(firewallCommand('delete', 'host', 'mci1-fr--zp', {})).toBe(
      'gcloud compute firewall-rules delete mci1-fr--zp --project=host',
    ))
})
