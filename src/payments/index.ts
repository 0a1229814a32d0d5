/** Who has paid: gateways, what they tell, and the links by which people pay. */
export {
  connectGateway,
  type GatewayConnection,
  listGateways,
  type OpenGateway,
  openGateway,
  removeGateway,
  rotateGateway,
} from './connect.ts'
export { type KeptEvent, listGatewayEvents } from './find-events.ts'
export { findGateway, GATEWAY_NAMES, GATEWAYS, type GatewayName } from './gateways/index.ts'
export { claimPayments, OUTCOMES, type Outcome, receiveGatewayEvent } from './receive.ts'
