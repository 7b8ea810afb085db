// HAPI HL7v2 as an engine, with its own validation and its own TLS.
//
//   Hapi send PORT CA CERTIFICATE KEY       messages on standard input, answers on standard output,
//                                           each ended by FS
//   Hapi receive CA CERTIFICATE KEY PLAN    a line of JSON for its port, and for each message

import ca.uhn.hl7v2.AcknowledgmentCode;
import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.llp.HL7Reader;
import ca.uhn.hl7v2.llp.HL7Writer;
import ca.uhn.hl7v2.llp.LLPException;
import ca.uhn.hl7v2.llp.MinLowerLayerProtocol;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.model.Segment;
import ca.uhn.hl7v2.util.SocketFactory;
import ca.uhn.hl7v2.util.Terser;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;

public class Hapi {
    public static void main(String[] words) throws Exception {
        boolean sends = words[0].equals("send");
        int at = sends ? 2 : 1;
        DefaultHapiContext context = new DefaultHapiContext();
        context.setSocketFactory(factory(Tls.of(words[at], words[at + 1], words[at + 2])));
        if (sends) {
            send(context, Integer.parseInt(words[1]));
        } else {
            receive(context, words[4]);
        }
    }

    static void send(DefaultHapiContext context, int port) throws Exception {
        Connection line = context.newClient("localhost", port, true);
        line.getInitiator().setTimeout(20, TimeUnit.SECONDS);
        String all = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        StringBuilder answers = new StringBuilder();
        for (String one : all.split("\u001c")) {
            Message message = context.getPipeParser().parse(one);
            Message answer = line.getInitiator().sendAndReceive(message);
            answers.append(context.getPipeParser().encode(answer)).append('\u001c');
        }
        System.out.write(answers.toString().getBytes(StandardCharsets.UTF_8));
        System.out.flush();
        line.close();
        System.exit(0);
    }

    // HAPI's HL7Service takes every message with an MSA for an acknowledgement and answers nothing: an
    // RRI that answers a REF has one. So its parts are put together here: frames, parser, ACK.
    static void receive(DefaultHapiContext context, String words) throws Exception {
        Deque<String> plan = new ArrayDeque<>(Arrays.asList(words.split(",")));
        SSLServerSocket server = (SSLServerSocket) context.getSocketFactory().createTlsServerSocket();
        server.bind(new InetSocketAddress("127.0.0.1", 0));
        System.out.println("{\"port\": " + server.getLocalPort() + "}");
        MinLowerLayerProtocol frames = new MinLowerLayerProtocol(true);
        while (true) {
            try (Socket line = server.accept()) {
                HL7Reader reader = frames.getReader(line.getInputStream());
                HL7Writer writer = frames.getWriter(line.getOutputStream());
                for (String text; (text = reader.getMessage()) != null; ) {
                    Message message = context.getPipeParser().parse(text);
                    writer.writeMessage(answer(message, plan.isEmpty() ? "AA" : plan.pop()).encode());
                }
            } catch (IOException | LLPException ended) {
                // The gateway hung up.
            }
        }
    }

    static Message answer(Message message, String says) throws Exception {
        String text = message.encode().replace("\\", "\\\\").replace("\"", "\\\"").replace("\r", "\\r");
        System.out.println("{\"message\": \"" + text + "\", \"says\": \"" + says + "\"}");
        if (says.equals("late")) {
            Thread.sleep(1500);
        }
        boolean code = !List.of("late", "wrong").contains(says);
        Message ack = message.generateACK(AcknowledgmentCode.valueOf(code ? says : "AA"), null);
        if (says.equals("wrong")) {
            Terser.set((Segment) ack.get("MSA"), 2, 0, 1, 1, "NOT-THIS-ONE");
        }
        return ack;
    }

    static SocketFactory factory(SSLContext tls) {
        return new SocketFactory() {
            public Socket createSocket() throws IOException {
                return new Socket();
            }

            public Socket createTlsSocket() throws IOException {
                return tls.getSocketFactory().createSocket();
            }

            public ServerSocket createServerSocket() throws IOException {
                return new ServerSocket();
            }

            public ServerSocket createTlsServerSocket() throws IOException {
                SSLServerSocket server =
                    (SSLServerSocket) tls.getServerSocketFactory().createServerSocket();
                server.setNeedClientAuth(true);
                return server;
            }

            public void configureNewAcceptedSocket(Socket socket) {}
        };
    }
}
