export { type SparkPlaneParts, SparkProcessingPlane } from './processing-plane.js';
export { type QueueFacts, type SparkPlaneOptions, SparkSettingsError } from './settings.js';
