// Made by `manage.py streams types` from the schemas of the streams; change those and make it again.
import "millrace";

/** What is said, by room. */
export interface ChatMessage {
  id: string;
  role: "user" | "assistant";
  userId: string;
  message: string;
  status: "created" | "streaming" | "completed" | "stopped" | "failed";
  createdAt: number;
  stopRequested?: boolean;
}

/** Documents, by workspace. */
export interface Documents {
  id: string;
  title?: string;
  content?: string;
  updatedAt: number;
  authorId: string;
  revision?: number;
}

/** How many are watching each list of todos. */
export interface Inbox {
  id: string;
  watching: number;
}

/** Figures, twice a minute. */
export interface Metrics {
  id: string;
}

/** Merges and how far they are. */
export interface ParallelMerge {
  id: string;
  startedAt: number;
  totalSteps: number;
  completedSteps: number;
}

/** What happens to new pets. */
export interface PetCreation {
  id: string;
  message: string;
  progress?: number | null;
  data?: Record<string, unknown> | null;
}

/** Who is there. */
export interface Presence {
  id: string;
  userId: string;
  name?: string;
  status: string;
  lastSeen: number;
}

/** Todos, by list. */
export interface Todo {
  id: string;
  description: string;
  createdAt: string;
  dueDate?: string | null;
  completedAt?: string | null;
  metadata?: Record<string, unknown>;
}

/** People; read by steps only. */
export interface Users {
  id: string;
  name?: string;
  status?: string;
  connections?: number;
}

declare module "millrace" {
  interface Streams {
    chatMessage: ChatMessage;
    documents: Documents;
    inbox: Inbox;
    metrics: Metrics;
    parallelMerge: ParallelMerge;
    petCreation: PetCreation;
    presence: Presence;
    todo: Todo;
    users: Users;
  }
}
