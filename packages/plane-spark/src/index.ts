export { type SparkPlaneParts, SparkProcessingPlane } from './processing-plane.js';
export { type SparkPlaneOptions, SparkSettingsError } from './settings.js';
