/** Who is told: programs by signed webhooks, people by e-mail, of what the audit trail says has happened. */
export {
  deliverNotice,
  listDeliveries,
  type NoticeDelivery,
  type Outlets,
  replayDelivery,
} from './deliver.ts'
export { addEndpoint, type Endpoint, listEndpoints, rotateSecret, setEndpointState } from './endpoints.ts'
export { gatherNotices, ping } from './gather.ts'
export { NOTICE_NAMES, type NoticeType } from './notice.ts'
export { openPost, type Post, type Resolve } from './post.ts'
