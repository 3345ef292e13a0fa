/** Publishes one message over Pub/Sub's REST API, as any client would. */
export async function publish(
  rest: string,
  project: string,
  topic: string,
  data: string,
  attributes: Readonly<Record<string, string>> = {},
): Promise<void> {
  const answer = await fetch(`${rest}/v1/projects/${project}/topics/${topic}:publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      messages: [{ ...(data === '' ? {} : { data: Buffer.from(data).toString('base64') }), attributes }],
    }),
  })
  if (!answer.ok) throw new Error(`publishing to ${topic}: ${answer.status} ${await answer.text()}`)
}
