/** Who has paid: gateways, what they tell, and the links by which people pay. */

export { openCaller } from './call.ts'
export {
  connectGateway,
  type GatewayConnection,
  listGateways,
  type OpenGateway,
  openGateway,
  removeGateway,
  rotateGateway,
  setLinkMaker,
} from './connect.ts'
export { type KeptEvent, listGatewayEvents } from './find-events.ts'
export { findGateway, GATEWAY_NAMES, GATEWAYS, type GatewayName } from './gateways/index.ts'
export { listLinks, type PaymentLink, wantLink, wantLinks } from './links.ts'
export { type Called, type LinkOutlets, makeLink } from './make-link.ts'
export { claimPayments, OUTCOMES, type Outcome, receiveGatewayEvent } from './receive.ts'
