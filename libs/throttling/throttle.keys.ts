/** List of the times of a client's admitted requests; append the client. */
export const THROTTLE_KEY = 'throttle:';

/**
 * A client that is a user; append the id. No address looks like this, and no id comes from a
 * request whose credentials were not verified.
 */
export const USER_CLIENT = 'user:';
