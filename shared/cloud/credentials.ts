import type { AuthClient } from 'google-auth-library'
import { CloudError } from './compute-port.ts'
import { withDeadline } from './deadline.ts'

/** An identity towards Google. Nothing is loaded or asked for before the first use; tokens are renewed by the library before they expire. */
export interface Credentials {
  /** For the clients of Google's libraries. */
  authClient: () => Promise<AuthClient>
  /** For everything else: a token that is valid for minutes to come. Never kept, logged or put into a document. */
  accessToken: () => Promise<string>
  /**
   * A token that shows who we are to one service only (an OIDC identity token with its URL as audience), as private Cloud
   * Functions ask for. CloudError 401 where the credentials cannot make one, as a bare access token cannot.
   */
  identityToken: (audience: string) => Promise<string>
}

/** Where the identity comes from: Application Default Credentials unless a token is given. */
export interface CredentialOptions {
  /** A ready access token; it is not renewed. */
  accessToken?: string
  /** Act as this service account (its e-mail address), with a token made by the identity above. */
  impersonate?: string
  /** Bound for finding credentials and for renewing a token, in milliseconds. */
  timeoutMs?: number
}

const scope = 'https://www.googleapis.com/auth/cloud-platform'

/**
 * Makes an identity. Its methods throw CloudError: 401 when there are no credentials or they are refused, which a person
 * must change; 0 when the token service does not answer.
 */
export function createCredentials({
  accessToken,
  impersonate,
  timeoutMs = 10_000,
}: CredentialOptions = {}): Credentials {
  let client: Promise<AuthClient> | undefined

  async function base(): Promise<AuthClient> {
    const { GoogleAuth, OAuth2Client } = await import('google-auth-library')
    if (accessToken === undefined) return new GoogleAuth({ scopes: [scope] }).getClient()
    const fixed = new OAuth2Client()
    fixed.setCredentials({ access_token: accessToken })
    return fixed
  }

  async function create(): Promise<AuthClient> {
    if (impersonate === undefined) return base()
    const { Impersonated } = await import('google-auth-library')
    return new Impersonated({ sourceClient: await base(), targetPrincipal: impersonate, targetScopes: [scope] })
  }

  async function authClient(): Promise<AuthClient> {
    client ??= create()
    try {
      return await withDeadline(client, timeoutMs, 'the search for Google credentials')
    } catch (error) {
      // The next use looks again: a missing credential may have been put in place since.
      client = undefined
      throw credentialError(error)
    }
  }

  return {
    authClient,
    async accessToken() {
      const { token } = await tokenOf(await authClient(), timeoutMs)
      if (!token) throw new CloudError(401, 'credentials', 'the Google credentials gave no access token')
      return token
    },
    async identityToken(audience) {
      const client = await authClient()
      if (!('fetchIdToken' in client) || typeof client.fetchIdToken !== 'function')
        throw new CloudError(401, 'credentials', 'these credentials cannot make an identity token')
      const fetchIdToken = client.fetchIdToken.bind(client) as (audience: string) => Promise<string>
      try {
        return await withDeadline(fetchIdToken(audience), timeoutMs, 'the Google token service')
      } catch (error) {
        throw credentialError(error)
      }
    },
  }
}

/**
 * Renews the client's token when it is about to expire, so that a failure to do so is told apart from an answer of the API
 * that is called next: the libraries report both with the same fields.
 */
export async function tokenOf(client: AuthClient, timeoutMs: number): Promise<{ token?: string | null }> {
  try {
    return await withDeadline(client.getAccessToken(), timeoutMs, 'the Google token service')
  } catch (error) {
    throw credentialError(error)
  }
}

function credentialError(error: unknown): CloudError {
  if (error instanceof CloudError) return error
  const status =
    error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined
  const system = error instanceof Error && 'code' in error && typeof error.code === 'string'
  const message = error instanceof Error ? error.message : String(error)
  if (status === undefined ? system : status >= 500 || status === 429) {
    return new CloudError(0, 'credentials', `the Google token service did not answer: ${message}`)
  }
  return new CloudError(401, 'credentials', `no usable Google credentials: ${message}`)
}
