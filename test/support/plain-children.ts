/**
 * Processes that tests start are posp as users run it. The test runner asks, through NODE_OPTIONS,
 * for its own hooks in every process and thread below it; they double the start of each.
 */
delete process.env['NODE_OPTIONS'];
