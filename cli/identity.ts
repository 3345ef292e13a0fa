import { createCredentials, type Credentials } from '../shared/cloud/credentials.ts'
import { exitCodes, Failure } from './exit-codes.ts'

/** What the command line says about who asks. */
export interface IdentityFlags {
  accessToken?: string
  impersonateServiceAccount?: string
}

/** Longest token that is read; Google's are a few thousand characters at most. */
const longestToken = 16_384

/**
 * Who asks: Application Default Credentials unless a token is given, on standard input (`--access-token -`) or in
 * MCI_ACCESS_TOKEN. A token on the command line is refused: every user of the machine can read it there.
 */
export async function identityOf(
  flags: IdentityFlags,
  env: Readonly<Record<string, string | undefined>>,
  readStdin: () => Promise<string>,
): Promise<Credentials> {
  if (flags.accessToken !== undefined && flags.accessToken !== '-')
    throw new Failure(
      'an access token on the command line can be read by every user of this machine (ps) and stays in the shell history, so it is not taken',
      'Pipe it in (gcloud auth print-access-token | mci … --access-token -) or set MCI_ACCESS_TOKEN; and revoke this one.',
      exitCodes.usage,
    )
  const text = flags.accessToken === '-' ? await readStdin() : env['MCI_ACCESS_TOKEN']
  const accessToken = text?.trim()
  if (accessToken !== undefined && (accessToken.length > longestToken || !/^[\x21-\x7e]+$/.test(accessToken)))
    throw new Failure(
      `${flags.accessToken === '-' ? 'standard input' : 'MCI_ACCESS_TOKEN'} does not hold one access token`,
      'Write the token alone, on one line.',
      exitCodes.usage,
    )
  return createCredentials({
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(flags.impersonateServiceAccount === undefined ? {} : { impersonate: flags.impersonateServiceAccount }),
  })
}
