import type { Letter } from '../platform/mail.ts'

/** The letter that brings an invitation. */
export function invitationLetter(
  to: string,
  facts: { readonly workspaceName: string; readonly role: string; readonly url: string },
): Letter {
  const workspace = oneLine(facts.workspaceName)
  return {
    to,
    subject: `${workspace} invites you to Duecast`,
    text: `You are invited to ${workspace} on Duecast, with the role ${facts.role}.

Open this link within a week to accept:
${facts.url}

It works once. If you expected no invitation, leave it unopened: nothing happens then.
`,
  }
}

/** The letter that brings a link to a new password. */
export function resetLetter(to: string, url: string): Letter {
  return {
    to,
    subject: 'A new password for Duecast',
    text: `Somebody asked for a new password for this address. If it was you, open this link within an hour:
${url}

It works once. If it was not you, leave it unopened: your password stays as it is.
`,
  }
}

/** What somebody chose as a name must not become a header of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{C}+/gu, ' ')
}
