import type { HostConfig } from '../../config/schema.ts';
import type { HostReply, HostRequest } from '../hosts/messages.ts';

/** A host as what is owed to it sees it. */
export interface ForwardingHost {
  readonly config: HostConfig;
  readonly isUp: boolean;
  ask(request: HostRequest): Promise<HostReply>;
}
