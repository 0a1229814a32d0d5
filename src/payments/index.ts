/** Who has paid: gateways, what they tell, and the links by which people pay. */
export { findGateway, GATEWAY_NAMES, GATEWAYS, type GatewayName } from './gateways/index.ts'
