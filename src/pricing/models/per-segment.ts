import { type PricingModel, regular } from './model.ts'

/**
 * Every part of an SMS is charged, and no window makes one free: the frozen price is already that of all parts of the
 * message, since its text is known when it is quoted.
 */
export const perSegment: PricingModel = regular
