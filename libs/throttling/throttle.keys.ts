/** List of the times of a client's admitted requests; append the client address. */
export const THROTTLE_KEY = 'throttle:';
